"""Facts of outputs: what is kept, held or invented, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from promptbench.metric.registry import build_metrics
from promptbench.record import Case, MetricSpec, Run
from promptbench.report.grid import lay_out
from promptbench.report.marked import HELD, INVENTED, KEPT, mark_facts
from promptbench.report.offset import in_utf16
from tests.report.records import completion, run, sample

CASE = Case(
    "mail-0",
    {"body": "👍 Brian moved the call to 15:00 on Monday, 12 people come.", "note": "Paris"},
    ("Brian moved the call to 3 pm.",),
)
OUTPUT = "👍👍 Brian says 3 pm, 12 people and Paris in 2019."


def measured(**settings: Any) -> Run:
    metrics = build_metrics(
        [MetricSpec("kept_facts"), MetricSpec("invented_facts", settings), MetricSpec("rougeL")]
    )
    return replace(run("a", "b"), metrics=tuple(metric.info for metric in metrics))


def marked(of: Run, text: str = OUTPUT) -> dict[str, int]:
    rows = [sample("a", 0, 0.5, done=completion(text)), sample("b", 0, None)]
    found = mark_facts(of, lay_out(of, [CASE], rows))
    units = text.encode("utf-16-le")
    return {
        units[2 * start : 2 * end].decode("utf-16-le"): what
        for start, end, what in found.get(("a", "mail-0", 0), [])
    }


def test_facts_are_kept_held_or_invented():
    assert marked(measured()) == {
        "Brian": KEPT,
        "3 pm": KEPT,
        "12": HELD,
        "Paris": HELD,
        "2019": INVENTED,
    }


def test_the_metrics_say_where_to_look():
    assert marked(measured(of="body"))["Paris"] == INVENTED


def test_the_kinds_are_those_of_the_metrics():
    (metric,) = build_metrics([MetricSpec("invented_facts", {"kinds": ["name"]})])
    of = replace(run("a", "b"), metrics=(metric.info,))
    assert marked(of) == {"Brian": KEPT, "Paris": HELD}


def test_a_run_without_such_a_metric_has_no_marks():
    assert marked(run("a", "b")) == {}


def test_errors_and_missing_outputs_have_no_marks():
    of = measured()
    failed = sample("a", 0, None, done=completion(OUTPUT, error="broke"))
    assert mark_facts(of, lay_out(of, [CASE], [failed])) == {}


@pytest.mark.parametrize(
    ("text", "places", "wanted"),
    [
        ("", [0], [0]),
        ("aü日", [0, 2, 3], [0, 2, 3]),
        ("a👍b", [0, 1, 2, 3], [0, 1, 3, 4]),
        ("\ud800a", [1, 2], [1, 2]),
    ],
)
def test_places_count_utf16_units(text: str, places: list[int], wanted: list[int]):
    assert in_utf16(text, places) == wanted

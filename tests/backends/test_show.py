"""What is shown of backends: every figure with what it is, and nothing where there is none."""

from __future__ import annotations

import json
import math

from promptbench.backends.backend import Backend, Missing
from promptbench.backends.child import Measured
from promptbench.backends.show import as_json, markdown, quality, quality_columns, took
from promptbench.backends.table import Line, Table, same_share
from promptbench.record import Completion, MetricInfo, Sample
from promptbench.report.comparison import Comparison
from promptbench.report.number import Scale
from promptbench.stats.interval import estimate
from promptbench.stats.paired import paired_difference

METRIC = MetricInfo("rougeL", "ROUGE-L", "higher")
SCORES = [0.2, 0.4, 0.3, 0.5, 0.1]
OTHERS = [0.1, 0.3, 0.3, 0.4, 0.2]


def measured(name: str, memory: int | None) -> Measured:
    return Measured(f"run-{name}", 5, 0, 2.5, 10.0, 400, memory)


def table() -> Table:
    difference = paired_difference(OTHERS, SCORES, None)
    first = Line(
        Backend("ours", "smollm2", "float32, 538 MB"),
        measured("a", 1_500_000_000),
        estimate(SCORES, None),
    )
    second = Line(
        Backend("llama.cpp (Q4_1)", "gguf:smollm2", "Q4_1, 98 MB"),
        measured("b", None),
        estimate(OTHERS, None),
        Comparison("ours", "llama.cpp (Q4_1)", difference, 0.25),
        "The data cannot tell.",
        0.4,
    )
    third = Line(Backend("server", "", ""), Measured("run-c", 0, 0, 1.0, 0.0, 0), None)
    return Table("plain", METRIC, 5, Scale(3), (first, second, third))


def test_quality_is_shown_with_its_difference_to_the_first():
    made = table()
    columns = quality_columns(made)
    rows = [dict(zip(enumerate(columns), quality(made, line), strict=True)) for line in made.lines]
    first, second, third = (list(row.values()) for row in rows)
    assert first[:2] == ["ours", "0.300"] and first[3:6] == ["", "", ""]
    assert second[1] == "0.260"
    assert second[3:] == ["\u22120.040", second[4], "p = 0.25", "40%", "The data cannot tell."]
    assert third[1:6] == ["unscored", "", "", "", ""]


def test_what_it_took_is_shown_as_far_as_it_is_known():
    first, second, third = map(took, table().lines)
    assert first == ["ours", "float32, 538 MB", "2.00", "40.0", "1,500 MB", "2.5 s"]
    assert second[4] == "\N{EN DASH}"
    assert third[2:4] == ["\N{EN DASH}", "\N{EN DASH}"]


def test_markdown_has_both_tables_and_what_is_missing():
    page = markdown(table(), [Missing("server", "pip install it")], ["A note."], "mail-1")
    lines = page.splitlines()
    assert lines[0] == "Prompt plain, 5 cases, run `mail-1`."
    widths = {line.count("|") for line in lines if line.startswith("|")}
    assert widths == {9, 7}
    assert "- server is not among them: pip install it" in lines
    assert "Q4\\_1" in page


def test_json_has_null_where_there_is_no_number():
    said = json.loads(json.dumps(as_json(table(), [Missing("x", "why")], []), allow_nan=False))
    first, second, third = said["backends"]
    assert (first["ahead"], first["p_holm"], first["same"]) == (None, None, None)
    assert math.isclose(second["ahead"], -0.04)
    assert (second["tokens_per_second"], second["peak_memory"]) == (40.0, None)
    assert (third["mean"], third["seconds_per_output"]) == (None, None)
    assert said["missing"] == {"x": "why"}


def sample(text: str, error: str = "") -> Sample:
    return Sample("c", "case", 0, Completion("k", text, 1, 1, "stop", 0.1, error))


def test_outputs_are_the_same_letter_by_letter():
    first = [sample("a"), sample("b"), sample("c"), sample("", "failed")]
    second = [sample("a"), sample("b "), sample("", "failed"), sample("")]
    assert same_share(first, second) == 0.5
    assert same_share([], []) is None

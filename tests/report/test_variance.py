"""Where scores differ: the largest source is found, and nothing is told that the run has not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from promptbench.record import MetricInfo, Sample, Sampling
from promptbench.report.grid import lay_out
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.summary import primary_metric
from promptbench.report.variance import Variance, variances
from tests.report.records import METRIC, candidate, cases, run, sample

SOURCES = {"cases": "cases", "prompts": "prompts", "repeats": "repeats"}


def rows(large: str, names: tuple[str, ...], repeats: int) -> list[Sample]:
    """Scores of 30 cases in which one source has ten times the spread of the others."""
    draw = random.Random(1)
    spread = {source: 0.2 if source == large else 0.02 for source in SOURCES}
    hard = [draw.gauss(0, spread["cases"]) for _ in range(30)]
    lift = [spread["prompts"] * place for place in range(len(names))]
    return [
        sample(
            name,
            case,
            0.5 + hard[case] + lift[place] + draw.gauss(0, spread["repeats"]),
            repeat=repeat,
        )
        for place, name in enumerate(names)
        for case in range(30)
        for repeat in range(repeats)
    ]


def found(made, given: list[Sample]) -> tuple[Variance, ...]:
    return variances(made, lay_out(made, cases(30), given), primary_metric(made))


@pytest.mark.parametrize("large", SOURCES)
def test_the_source_that_scores_differ_by_comes_first(large: str):
    names = ("a", "b", "c", "d")
    (one,) = found(run(*names, repeats=3), rows(large, names, 3))
    assert one.sources[0].name == SOURCES[large]
    assert one.sources[0].share > 0.8
    assert sum(source.share for source in one.sources) == pytest.approx(1)
    assert one.reading.startswith("Most of the variation is between")
    assert one.candidates == names


def test_it_is_said_that_more_cases_help_more_than_more_repeats():
    (one,) = found(run("a", repeats=3), rows("cases", ("a",), 3))
    assert [source.name for source in one.sources] == ["cases", "repeats"]
    assert "More cases help more than more repeats." in one.reading


def test_cases_alone_are_no_second_source():
    assert found(run("a"), rows("cases", ("a",), 1)) == ()


def test_without_repeats_chance_is_named_only_where_some_is_drawn():
    names = ("a", "b")
    (greedy,) = found(run(*names), rows("cases", names, 1))
    assert {each.name for each in greedy.sources} == {"cases", "prompts", "what suits which case"}
    warm = tuple(replace(candidate(name), sampling=Sampling(temperature=1.0)) for name in names)
    (drawn,) = found(run(candidates=warm), rows("cases", names, 1))
    assert "what suits which case, and chance" in {each.name for each in drawn.sources}


def test_models_are_apart_unless_a_curve_says_that_only_their_seeds_differ():
    models = {"a": "./tuned-0", "b": "./tuned-1", "c": "./tuned-2"}
    prompt = candidate("plain").prompt
    made = run(candidates=tuple(candidate(n, model=m, prompt=prompt) for n, m in models.items()))
    given = rows("prompts", tuple(models), 1)
    assert found(made, given) == ()
    arms = [{"candidate": name, "group": "tuned", "kind": "tune"} for name in models]
    (one,) = found(replace(made, manifest={"curve": {"arms": arms}}), given)
    assert (one.title, one.sources[0].name, one.sources[0].levels) == ("tuned", "training seeds", 3)


def test_a_pooled_metric_and_what_a_race_stopped_are_left_out():
    names = ("a", "b")
    given = rows("cases", names, 1)
    pooled = (MetricInfo(METRIC, METRIC, "higher", pool="mean"),)
    assert found(run(*names, metrics=pooled), given) == ()
    assert found(replace(run(*names), stopped={"b": 10}), given) == ()


def test_equal_scores_have_no_variance_to_split():
    given = [sample(name, case, 0.5) for name in ("a", "b") for case in range(30)]
    assert found(run("a", "b"), given) == ()


def test_the_page_shows_shares_and_leaves_the_section_out_where_there_are_none():
    names = ("a", "b", "c")
    page = build_page(Material(run(*names), cases(30), rows("cases", names, 1)))
    assert "Where the differences come from" in page
    assert "More cases help most." in page
    alone = build_page(Material(run("a"), cases(30), rows("cases", ("a",), 1)))
    assert "Where the differences come from" not in alone
    assert "#variance" not in alone

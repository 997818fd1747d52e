import math

import pytest

from promptbench.record import MetricInfo
from promptbench.report.grid import lay_out
from promptbench.report.pareto import Point, beaten, chart, costs, front, overlap, steps
from promptbench.report.summary import summarise_grid
from tests.report.records import METRIC, cases, completion, run, sample

HIGHER = MetricInfo(METRIC, METRIC, "higher")


def point(name: str, score: float, tokens: float, spread: float = 0.01) -> Point:
    return Point(name, score, score - spread, score + spread, tokens, tokens / 100)


def names(points: list[Point]) -> list[str]:
    return [each.name for each in points]


POINTS = [
    point("dear", 0.9, 300),
    point("cheap", 0.5, 100),
    point("middle", 0.7, 200),
    point("worse", 0.6, 250),
    point("worst", 0.4, 300),
]


def test_the_front_is_what_nothing_beats_from_the_cheapest_on():
    assert names(front(POINTS, "tokens", 1.0)) == ["cheap", "middle", "dear"]


def test_where_less_is_better_the_front_turns_around():
    assert names(front(POINTS, "tokens", -1.0)) == ["cheap", "worst"]


def test_equal_points_are_both_on_the_front_and_beat_nobody():
    twins = [point("one", 0.5, 100), point("two", 0.5, 100)]
    assert names(front(twins, "tokens", 1.0)) == ["one", "two"]
    assert beaten(twins, "tokens", 1.0) == []


@pytest.mark.parametrize(
    ("other", "cheaper", "better"),
    [((0.5, 200), True, False), ((0.4, 100), False, True), ((0.4, 200), True, True)],
)
def test_a_tie_on_one_side_is_beaten_on_the_other_alone(other, cheaper, better):
    found = beaten([point("good", 0.5, 100), point("bad", *other)], "tokens", 1.0)
    assert [(each.name, each.by, each.cheaper, each.better) for each in found] == [
        ("bad", "good", cheaper, better)
    ]


def test_means_that_differ_by_rounding_are_equal():
    found = [point("sum", 0.1 + 0.2, 100), point("number", 0.3, 100)]
    assert names(front(found, "tokens", 1.0)) == ["number", "sum"]


def test_the_one_that_beats_is_the_best_on_the_front_that_does():
    found = {each.name: each.by for each in beaten(POINTS, "tokens", 1.0)}
    assert found == {"worse": "middle", "worst": "dear"}


def test_intervals_overlap_where_they_touch_or_are_unknown():
    assert overlap(point("a", 0.5, 1, 0.1), point("b", 0.7, 1, 0.1001))
    assert not overlap(point("a", 0.5, 1, 0.1), point("b", 0.75, 1, 0.1))
    assert overlap(Point("a", 0.5, math.nan, math.nan, 1, 1), point("b", 0.9, 1))


def test_the_front_is_drawn_as_steps_to_the_edge():
    assert steps([(10, 80), (30, 60), (50, 20)]) == "M10 80H30V60H50V20H100"
    assert steps([]) == ""


def test_sentences_name_who_is_beaten_by_whom_and_warn_of_overlaps():
    found = chart("tokens", "Tokens", POINTS, HIGHER).sentences
    assert "cheap, middle and dear are on the front: a better mean costs more there." in found
    assert "worse is beaten by middle on both." in found
    assert "worst is beaten by dear on score alone." in found
    assert not any("overlap" in each for each in found)
    wide = [point(each.name, each.score, each.tokens, 0.15) for each in POINTS]
    told = " ".join(chart("tokens", "Tokens", wide, HIGHER).sentences)
    assert "the neighbours on it have intervals that overlap" in told
    assert "worse is beaten by middle on both; the scores' intervals overlap" in told


def test_one_alone_on_the_front_is_told_so():
    found = chart("seconds", "Seconds", [point("a", 0.9, 1), point("b", 0.1, 2)], HIGHER)
    assert (
        found.sentences[0] == "a is the cheapest and has the best mean: it alone is on the front."
    )


def test_costs_are_means_over_the_answers_and_errors_cost_nothing():
    rows = [
        sample("a", 0, 0.5, done=completion(tokens=10, seconds=1.0)),
        sample("a", 1, 0.5, done=completion(tokens=30, seconds=2.0)),
        sample("b", 0, 0.4, done=completion(tokens=50, seconds=0.5)),
        sample("b", 1, None, done=completion("", error="gone", tokens=900)),
    ]
    made = run("a", "b")
    grid = lay_out(made, cases(2), rows)
    found = costs(summarise_grid(made, grid), grid)
    assert found is not None
    # records.completion reads 100 tokens.
    assert [(each.name, each.tokens, each.seconds) for each in found.points] == [
        ("a", 120.0, 1.5),
        ("b", 150.0, 0.5),
    ]
    assert [each.front for each in found.charts] == [("a",), ("b", "a")]


@pytest.mark.parametrize(("name", "direction"), [(("a",), "higher"), (("a", "b"), "none")])
def test_nothing_is_drawn_of_one_candidate_or_without_a_direction(name, direction):
    made = run(*name, direction=direction)
    grid = lay_out(made, cases(1), [sample(each, 0, 0.5) for each in name])
    assert costs(summarise_grid(made, grid), grid) is None

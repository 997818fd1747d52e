from __future__ import annotations

import math
from itertools import pairwise

import pytest

from promptbench.report.course import APART, Point, Stage, course, place, spread_out, stages


def points(*means: float | None) -> list[Point | None]:
    return [None if mean is None else Point(mean, math.nan, math.nan, 4) for mean in means]


def test_few_numbers_stand_each_for_itself():
    assert stages([3, 1, 3, 7]) == (Stage(1, 1), Stage(3, 3), Stage(7, 7))
    assert stages([]) == ()


def test_many_numbers_are_put_together_by_doubling_and_each_is_in_one_stage():
    found = stages(range(40))
    told = [each.text.replace("\N{EN DASH}", " to ") for each in found]
    assert told == ["0 to 1", "2", "3 to 4", "5 to 8", "9 to 16", "17 to 32", "33 to 39"]
    assert all(sum(each.holds(number) for each in found) == 1 for number in range(40))


def test_a_line_goes_through_its_points_and_over_a_gap():
    columns = stages([1, 2, 3])
    found = course(columns, {"a": points(0.0, None, 1.0)}, {"a": "all"})
    assert found is not None
    (line,) = found.lines
    assert [(dot.stage.text, dot.point.mean) for dot in line.dots] == [("1", 0.0), ("3", 1.0)]
    assert line.path == f"M{line.dots[0].x:g} {line.dots[0].y:g}L95 5"
    assert line.dots[0].y > line.dots[1].y, "up is more"


def test_candidates_with_the_same_values_can_be_told_apart():
    found = course(
        stages([1, 2]), {"a": points(0.5, 0.5), "b": points(0.5, 0.5)}, dict(a="a", b="b")
    )
    assert found is not None
    first, second = found.lines
    assert first.dots[0].x < second.dots[0].x
    assert first.beside is not None and second.beside is not None
    assert abs(first.beside - second.beside) >= APART - 0.01


def test_nothing_is_drawn_without_a_point():
    assert course(stages([1]), {"a": points(None)}, {"a": "a"}) is None
    assert course((), {}, {}) is None


@pytest.mark.parametrize("heights", [[95.0] * 5, [2.0, 2.5, 50.0, 99.0, 100.0], [100.0]])
def test_labels_do_not_touch_and_stay_in_the_drawing(heights: list[float]):
    found = sorted(spread_out({str(n): each for n, each in enumerate(heights)}).values())
    assert len(found) == len(heights)
    assert all(later - before >= APART - 0.02 for before, later in pairwise(found))
    assert found[0] >= 0 and found[-1] <= 100


def test_too_many_labels_are_left_to_the_legend():
    names = [str(number) for number in range(18)]
    assert spread_out(dict.fromkeys(names, 50.0)) == {}
    found = course(stages([1]), {n: points(0.5) for n in names}, {n: n for n in names})
    assert found is not None and not found.labelled


def test_a_long_label_is_cut_and_a_single_column_stands_in_the_middle():
    name = "a prompt with a long name · summary:60+last:1"
    found = course(stages([1]), {"a": points(0.5)}, {"a": name})
    assert found is not None
    assert found.lines[0].short == "a prompt with a long name…"
    assert (place(0, 1), place(0, 3), place(2, 3)) == (50.0, 5.0, 95.0)

import math

import pytest

from promptbench.record import MetricInfo
from promptbench.report.axis import axis, share
from promptbench.report.manifest import tabulate
from promptbench.report.number import Scale, count, duration, listing, probability, scale_of
from promptbench.report.visible import visible


@pytest.mark.parametrize(
    ("low", "high", "mean", "text"),
    [(0.0, 1.0, 0.3124, "0.312"), (0.0, 100.0, 31.24, "31.2"), (None, None, 4567.8, "4,568")],
)
def test_decimals_follow_the_range(low: float | None, high: float | None, mean: float, text: str):
    assert scale_of(MetricInfo("m", "m", "higher", low, high), [mean]).show(mean) == text


def test_zero_has_no_sign_and_minus_is_a_minus():
    assert Scale(2).show(-0.001) == "0.00"
    assert Scale(2).signed(0.001) == "0.00"
    assert Scale(2).signed(0.1) == "+0.10"
    assert Scale(2).show(-0.1) == "\N{MINUS SIGN}0.10"
    assert Scale(2).interval(math.nan, 1.0) == "no interval"


def test_words_for_numbers():
    assert [probability(p) for p in (0.0001, 0.0123, 0.5)] == ["p < 0.001", "p = 0.012", "p = 0.50"]
    assert [count(n, "case") for n in (1, 2000)] == ["1 case", "2,000 cases"]
    assert [listing(each) for each in (["a"], ["a", "b", "c"])] == ["a", "a, b and c"]
    assert [duration(s) for s in (12.34, 134, 11100)] == ["12.3 s", "2 min 14 s", "3 h 5 min"]


def test_an_axis_has_round_ticks_and_keeps_marks_inside():
    found = axis([0.216, 0.649])
    assert [tick.label for tick in found.ticks] == ["0.3", "0.4", "0.5", "0.6"]
    assert 0 < found.at(-99) < found.at(0.3) < found.at(99) < 100
    assert found.mark(0.3, math.nan, math.nan).low is None


def test_an_axis_of_one_value_still_has_room():
    assert 0 < axis([0.5]).at(0.5) < 100
    assert axis([0.0]).at(0.0) == 50
    assert axis([math.nan]) is None


def test_a_share_needs_bounds():
    assert share(0.25, 0.0, 1.0) == 25
    assert share(0.25, 0.0, None) is None


def test_a_manifest_becomes_groups_of_rows():
    groups = tabulate({"ok": True, "versions": {"a": "1", "b": {"c": None}}, "parts": [{"n": 1}]})
    rows = {(group.title, row.name): row.value for group in groups for row in group.rows}
    assert rows == {
        ("", "ok"): "yes",
        ("versions", "a"): "1",
        ("versions", "b.c"): "none",
        ("parts", "1.n"): "1",
    }


def test_characters_that_hide_or_reorder_are_named():
    assert visible("a\x00b\u202ec\ud800\n") == "a[U+0000]b[U+202E]c[U+D800]\n"

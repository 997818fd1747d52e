"""What holds for statistics whatever the scores are."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from promptbench.stats.interval import estimate
from promptbench.stats.multiplicity import benjamini_hochberg, holm
from promptbench.stats.paired import paired_difference

FEW = settings(max_examples=120, deadline=None, derandomize=True)
scores = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1, width=32))
pairs = st.lists(st.tuples(scores, scores, st.sampled_from("abcde")), min_size=1, max_size=25)
chances = st.lists(st.floats(0, 1), min_size=1, max_size=12)
broken = st.sampled_from([math.nan, math.inf, -math.inf])


@FEW
@given(pairs)
def test_a_difference_is_mirrored_when_the_candidates_change_places(
    rows: list[tuple[float, float, str]],
):
    first, second, groups = map(list, zip(*rows, strict=True))
    one, other = paired_difference(first, second, groups), paired_difference(second, first, groups)
    assert one and other
    assert one.mean == pytest.approx(-other.mean, abs=1e-12)
    assert one.p_value == other.p_value and 0 < one.p_value <= 1
    assert (one.wins, one.ties, one.losses) == (other.losses, other.ties, other.wins)
    if math.isfinite(one.low):
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
        assert one.low - 1e-9 <= one.mean <= one.high + 1e-9


@FEW
@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_cases_and_the_names_of_clusters_do_not_matter(
    rows: list[tuple[float, float, str]], draw: random.Random
):
    moved = [(a, b, f"cluster {g}") for a, b, g in rows]
    draw.shuffle(moved)
    one, other = (paired_difference(*map(list, zip(*each, strict=True))) for each in (rows, moved))
    assert one and other
    assert (one.mean, one.p_value) == pytest.approx((other.mean, other.p_value), abs=1e-9)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-7, nan_ok=True)


@FEW
@given(st.lists(scores, min_size=1, max_size=30))
def test_equal_candidates_do_not_differ(values: list[float]):
    found = paired_difference(values, values)
    assert found and (found.mean, found.p_value, found.ties) == (0, 1, len(values))


@FEW
@given(st.lists(scores, min_size=1, max_size=30), st.floats(0.1, 100))
def test_a_mean_lies_in_its_interval_and_scales_with_the_scores(values: list[float], by: float):
    found, larger = estimate(values), estimate([by * value for value in values])
    assert found and larger
    assert larger.mean == pytest.approx(by * found.mean, rel=1e-6, abs=1e-9)
    if math.isfinite(found.low):
        assert found.low - 1e-9 <= found.mean <= found.high + 1e-9


@FEW
@given(st.lists(scores, min_size=1, max_size=5), broken, st.integers(0, 4))
def test_what_is_no_number_is_refused(values: list[float], bad: float, at: int):
    spoilt = [*values[:at], bad, *values[at:]]
    with pytest.raises(ValueError, match="finite"):
        paired_difference(spoilt, [0.5] * len(spoilt))
    with pytest.raises(ValueError, match="finite"):
        estimate(spoilt)


@FEW
@given(chances)
def test_corrected_chances_are_no_smaller_and_keep_their_order(values: list[float]):
    assert benjamini_hochberg(values) == pytest.approx(list(false_discovery_control(values)))
    for found in (holm(values), benjamini_hochberg(values)):
        assert all(value - 1e-12 <= one <= 1 for value, one in zip(values, found, strict=True))
        by_size = [one for _, one in sorted(zip(values, found, strict=True))]
        assert by_size == sorted(by_size)

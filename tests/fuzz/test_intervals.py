"""What holds for every other test and interval of promptbench.stats, whatever the scores are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest, sem, t

from promptbench.stats.agreement import cohen_kappa
from promptbench.stats.discordant import mcnemar, tango
from promptbench.stats.interval import estimate
from promptbench.stats.paired import paired_difference
from promptbench.stats.permutation import sign_flips
from promptbench.stats.pooled import estimate_pooled, pooled_difference
from promptbench.stats.seeded import seeded
from promptbench.stats.sequence import mean_bounds
from promptbench.stats.share import exact, jeffreys, wilson
from promptbench.stats.superiority import superiority

FEW = settings(max_examples=80, deadline=None, derandomize=True)
MANY = settings(FEW, max_examples=4000)
ROUNDING = 1e-9
scores = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1, width=32))
passes = st.sampled_from([0.0, 1.0])
labels = st.sampled_from(["", "a", "b", "c", "d"])
pairs = st.lists(st.tuples(scores, scores, labels), min_size=1, max_size=25)
# Steps far above what counts as rounding, and so as a tie.
steps = st.integers(0, 64).map(lambda step: step / 64)
stepped = st.lists(st.tuples(steps, steps, labels), min_size=1, max_size=11)
passed = st.lists(st.tuples(passes, passes), min_size=1, max_size=40)
values = st.lists(scores, min_size=1, max_size=25)
Row = tuple[float, float, str]


def columns(rows: Sequence[Row]) -> tuple[list[float], list[float], list[str]]:
    """The first candidate's scores, the second's, and the clusters."""
    return [a for a, _, _ in rows], [b for _, b, _ in rows], [c for _, _, c in rows]


def mean(parts: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """A pooled metric that is a mean, so that the plain statistics are its reference."""
    return float(weights @ parts[:, 0] / weights.sum())


def mirror(low: float, high: float) -> object:
    """The same interval of the opposite difference."""
    return pytest.approx((-high, -low), abs=1e-7, nan_ok=True)


def pooled_is_fair(rows: list[Row]) -> None:
    """Mirrored when the candidates change places; a chance is one; the mean is the plain one."""
    first, second, groups = columns(rows)
    ours, theirs = np.array(first)[:, None], np.array(second)[:, None]
    one = pooled_difference(ours, theirs, mean, groups)
    other = pooled_difference(theirs, ours, mean, groups)
    plain = paired_difference(first, second, groups)
    assert one and other and plain
    assert 0 < one.p_value <= 1 and one.p_value == other.p_value
    assert one.mean == pytest.approx(-other.mean, abs=ROUNDING)
    assert (one.low, one.high) == mirror(other.low, other.high)
    assert (one.wins, one.ties, one.losses) == (other.losses, other.ties, other.wins)
    assert one.mean == pytest.approx(plain.mean, abs=1e-7)
    if math.isfinite(one.low):
        assert one.low - ROUNDING <= one.mean <= one.high + ROUNDING


@settings(FEW, max_examples=25)
@given(pairs)
def test_a_pooled_difference_is_fair(rows: list[Row]):
    pooled_is_fair(rows)


@pytest.mark.long
@settings(MANY, max_examples=1500)
@given(pairs)
def test_many_pooled_differences_are_fair(rows: list[Row]):
    pooled_is_fair(rows)


def swaps_are_flips(rows: list[Row]) -> None:
    """Swapping a cluster's scores flips the sign of its difference: of a mean, the same test."""
    first, second, groups = columns(rows)
    pooled = pooled_difference(np.array(first)[:, None], np.array(second)[:, None], mean, groups)
    plain = paired_difference(first, second, groups)
    assert pooled and plain and "exact" in pooled.method
    assert pooled.p_value == pytest.approx(plain.p_value)


@settings(FEW, max_examples=25)
@given(stepped)
def test_swaps_of_a_mean_are_flips_of_signs(rows: list[Row]):
    swaps_are_flips(rows)


@pytest.mark.long
@settings(MANY, max_examples=400)
@given(stepped)
def test_many_swaps_of_a_mean_are_flips_of_signs(rows: list[Row]):
    swaps_are_flips(rows)


@FEW
@given(pairs)
def test_the_share_of_wins_is_mirrored_and_lies_in_its_interval(rows: list[Row]):
    first, second, groups = columns(rows)
    one, other = superiority(first, second, groups), superiority(second, first, groups)
    assert one and other
    assert one.share == pytest.approx(1 - other.share, abs=ROUNDING)
    assert (one.wins, one.ties, one.losses) == (other.losses, other.ties, other.wins)
    if math.isfinite(one.low):
        assert -ROUNDING <= one.low <= one.share + ROUNDING
        assert one.share - ROUNDING <= one.high <= 1 + ROUNDING
        assert one.low == pytest.approx(1 - other.high, abs=1e-7)


@FEW
@given(passed)
def test_passes_are_tested_as_scipy_tests_a_coin(rows: list[tuple[float, float]]):
    first, second = [a for a, _ in rows], [b for _, b in rows]
    found, swapped = mcnemar(first, second), mcnemar(second, first)
    assert found.p_value == swapped.p_value and 0 < found.p_value <= 1
    tossed = found.first_only + found.second_only
    wanted = binomtest(found.first_only, tossed).pvalue if tossed else 1.0
    assert found.p_value == pytest.approx(wanted)
    paired = paired_difference(first, second)
    assert paired and paired.p_value == pytest.approx(wanted)


@FEW
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_tangos_interval_holds_the_difference_and_is_mirrored(wins: int, losses: int, ties: int):
    n = wins + losses + ties
    assume(n > 0)
    low, high = tango(wins, losses, n)
    assert -1 <= low <= (wins - losses) / n + ROUNDING
    assert (wins - losses) / n - ROUNDING <= high <= 1
    assert (low, high) == mirror(*tango(losses, wins, n))


@FEW
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_in_each_interval_and_scipys_is_ours(counts: tuple[int, int]):
    hits, trials = counts
    for interval in (wilson, jeffreys, exact):
        low, high = interval(hits / trials, trials)
        missed = interval((trials - hits) / trials, trials)
        assert 0 <= low <= hits / trials + ROUNDING and hits / trials - ROUNDING <= high <= 1
        assert (low, high) == pytest.approx((1 - missed[1], 1 - missed[0]), abs=1e-8)
    if trials > 1 and hits in (0, trials):  # of one trial, no hit is also the one miss
        assert jeffreys(hits / trials, trials) == pytest.approx(exact(hits / trials, trials))
    for interval, name in ((wilson, "wilson"), (exact, "exact")):
        wanted = binomtest(hits, trials).proportion_ci(method=name)
        assert interval(hits / trials, trials) == pytest.approx(tuple(wanted), abs=1e-7)


@FEW
@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=40), st.integers(0, 9))
def test_flipped_signs_give_a_chance_that_no_sign_changes(sums: list[float], seed: int):
    one, other = (sign_flips(np.array(sums) * sign, seed) for sign in (1, -1))
    assert 0 < one.p_value <= 1 and one == other


@FEW
@given(values, labels)
def test_one_cluster_or_constant_scores_are_never_significant(scored: list[float], name: str):
    cluster = [name or "a"] * len(scored)
    alone = paired_difference(scored, [0.25] * len(scored), cluster)
    assert alone and alone.p_value == 1.0 and math.isnan(alone.low)
    constant = estimate([0.5] * len(scored))
    assert constant and constant.mean == 0.5
    if len(scored) > 1:
        assert constant.low <= 0.5 <= constant.high


@FEW
@given(st.lists(values.map(lambda v: (v * 6)[:6]), min_size=1, max_size=4), st.booleans())
def test_seeds_of_equal_sides_do_not_differ(table: list[list[float]], clustered: bool):
    groups = list("aabbcc") if clustered else None
    found = seeded(table, groups, against=table)
    assert found.mean == pytest.approx(0, abs=ROUNDING)
    assert math.isnan(found.p_value) or found.p_value > 0.99
    alone = seeded(table, groups)
    assert alone.low - ROUNDING <= alone.mean <= alone.high + ROUNDING


@settings(FEW, max_examples=25)
@given(st.lists(scores, min_size=1, max_size=60))
def test_bounds_at_all_times_are_ordered_and_only_narrow(scored: list[float]):
    bounds = mean_bounds(scored)
    assert ((bounds >= 0) & (bounds <= 1)).all()
    assert (bounds[:, 0] <= bounds[:, 1]).all()
    assert (np.diff(bounds[:, 0]) >= -ROUNDING).all() and (np.diff(bounds[:, 1]) <= ROUNDING).all()


@FEW
@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("xyz")), min_size=2, max_size=20))
def test_agreement_does_not_mind_who_is_first(rated: list[tuple[str, str]]):
    first, second = [a for a, _ in rated], [b for _, b in rated]
    try:
        one = cohen_kappa(first, second)
    except ValueError:
        with pytest.raises(ValueError):
            cohen_kappa(second, first)
        return
    other = cohen_kappa(second, first)
    assert one and other and one.mean <= 1
    assert one.mean == pytest.approx(other.mean)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), nan_ok=True)


@settings(FEW, max_examples=25)
@given(pairs)
def test_a_pooled_mean_lies_in_its_interval(rows: list[Row]):
    first, _, groups = columns(rows)
    for smooth in (True, False):
        found = estimate_pooled(np.array(first)[:, None], mean, groups, smooth=smooth)
        assert found and found.mean == pytest.approx(np.mean(first), abs=1e-7)
        if math.isfinite(found.low):
            assert found.low - ROUNDING <= found.mean <= found.high + ROUNDING


@FEW
@given(st.lists(scores, min_size=2, max_size=25))
def test_a_pooled_mean_of_single_cases_has_students_interval(scored: list[float]):
    found = estimate_pooled(np.array(scored)[:, None], mean)
    assert found
    error = float(sem(scored))
    wanted = t.interval(0.95, len(scored) - 1, loc=np.mean(scored), scale=error or 1e-12)
    assert (found.low, found.high) == pytest.approx(wanted, abs=1e-7)

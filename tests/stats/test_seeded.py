import math

import numpy as np
import pytest
from scipy import stats

from promptbench.stats.seeded import seeded
from promptbench.stats.spread import group_numbers, spread


def test_one_seed_is_students_interval_over_cases():
    values = np.random.default_rng(1).normal(0.3, 1, 25)
    found = seeded([values])
    expected = stats.ttest_1samp(values, 0)
    low, high = expected.confidence_interval()
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert math.isnan(found.deviation)


def test_seeds_that_agree_change_nothing():
    values = np.random.default_rng(2).normal(0, 1, 20)
    alone, three = seeded([values]), seeded([values, values, values])
    assert (three.mean, three.error) == pytest.approx((alone.mean, alone.error))
    assert three.degrees == pytest.approx(alone.degrees)


def test_seeds_that_differ_widen_the_interval_by_their_spread():
    values = np.random.default_rng(3).normal(0, 1, 50)
    rows = [values - 1, values, values + 1]
    found = seeded(rows)
    cases = spread(values, group_numbers(None, 50)).error
    assert found.deviation == pytest.approx(1)
    assert found.error == pytest.approx(math.sqrt(cases**2 + 1 / 3))
    assert found.degrees < 3, "three seeds tell little, and the interval says so"


def test_clusters_are_not_independent():
    values = np.repeat(np.random.default_rng(4).normal(0, 1, 6), 5)
    labels = [str(i // 5) for i in range(30)]
    assert seeded([values], labels).error > 1.5 * seeded([values]).error


def test_a_difference_pairs_cases_and_adds_the_spread_of_both_sides():
    random = np.random.default_rng(5)
    hard = random.normal(0, 5, 40)
    ours = [hard + 1 + random.normal(0, 0.1, 40) + shift for shift in (-0.1, 0.1)]
    theirs = [hard + random.normal(0, 0.1, 40) + shift for shift in (-0.2, 0.2)]
    found = seeded(ours, against=theirs)
    assert found.mean == pytest.approx(1, abs=0.1)
    assert found.error < 0.5, "what makes a case hard falls out"
    cases = seeded([np.mean(ours, axis=0) - np.mean(theirs, axis=0)])
    spreads = (np.ptp(np.mean(side, axis=1)) ** 2 / 4 for side in (ours, theirs))
    assert found.error**2 == pytest.approx(cases.error**2 + sum(spreads)), "both sides' seeds count"


def test_intervals_hold_over_cases_and_seeds():
    """Coverage on data with an effect of cases, of seeds and of their interplay, true mean 0."""
    random = np.random.default_rng(6)
    hits = 0
    for _ in range(600):
        cases, seeds = random.normal(0, 1, 40), random.normal(0, 0.3, 3)
        rows = cases + seeds[:, None] + random.normal(0, 0.5, (3, 40))
        found = seeded(rows.tolist())
        hits += found.low <= 0 <= found.high
    assert hits / 600 > 0.93


@pytest.mark.parametrize("rows", [[], [[]], [[1.0], [1.0, 2.0]]])
def test_what_is_no_table_is_refused(rows: list[list[float]]):
    with pytest.raises(ValueError, match="every seed"):
        seeded(rows)


def test_one_case_tells_no_interval():
    found = seeded([[0.5]])
    assert math.isnan(found.low)
    assert math.isnan(found.p_value)


def test_few_clusters_never_show_more_than_their_signs_could():
    values = [[0.5 + 0.001 * place for place in range(16)]]
    labels = [f"c{place // 2}" for place in range(16)]
    assert seeded(values, labels).p_value == 2 / 2**8
    assert seeded(values).p_value == pytest.approx(2 / 2**16)

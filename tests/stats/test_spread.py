"""Cluster-robust errors: against the matrices that define them."""

import math

import numpy as np
import pytest
from scipy import linalg, stats

from promptbench.stats.skew import corrected, hall, johnson
from promptbench.stats.spread import group_numbers, robust_error, satterthwaite, skewness, spread

LABELS = list("aaaabbcdddddeefffg")
GROUPS = group_numbers(LABELS, len(LABELS))


def values(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).exponential(size=len(LABELS))


def transformed(groups: np.ndarray) -> np.ndarray:
    """Rows that give each group's bias-reduced residual sum: Bell and McCaffrey's A_g e_g."""
    n = len(groups)
    leverage = np.full((n, n), 1 / n)
    rows = []
    for group in range(groups.max() + 1):
        inside = groups == group
        block = np.eye(inside.sum()) - leverage[np.ix_(inside, inside)]
        adjusted = linalg.sqrtm(linalg.inv(block)).real
        rows.append(adjusted.sum(axis=0) @ (np.eye(n) - leverage)[inside])
    return np.array(rows)


def test_cr2_is_that_of_its_definition():
    rows, data = transformed(GROUPS), values()
    expected = math.sqrt(float(np.sum((rows @ data) ** 2))) / len(data)
    assert spread(data, GROUPS).error == pytest.approx(expected, rel=1e-9)


def test_cr2_has_no_bias_where_values_are_independent():
    rows = transformed(GROUPS)
    assert float(np.trace(rows @ rows.T)) == pytest.approx(len(LABELS))
    plain = np.array([(g == GROUPS) - np.mean(g == GROUPS) for g in range(GROUPS.max() + 1)])
    assert float(np.trace(plain @ plain.T)) < 0.9 * len(LABELS)


def test_degrees_are_those_of_the_quadratic_form():
    form = transformed(GROUPS) @ transformed(GROUPS).T
    expected = np.trace(form) ** 2 / np.trace(form @ form)
    assert satterthwaite(np.bincount(GROUPS).astype(float)) == pytest.approx(expected, rel=1e-9)


def test_equal_sizes_give_one_degree_less_than_there_are_groups():
    assert satterthwaite(np.full(9, 4.0)) == pytest.approx(8)
    assert satterthwaite(np.array([30.0, 1, 1, 1, 1, 1])) < 2


def test_single_values_give_the_usual_error():
    data = values()
    found = spread(data, np.arange(len(data)))
    assert found.error == pytest.approx(stats.sem(data), rel=1e-12)
    assert robust_error(data, np.arange(len(data))) == pytest.approx(stats.sem(data), rel=1e-12)
    assert found.degrees == pytest.approx(len(data) - 1)
    assert (found.trials, found.clustered) == (len(data), False)


def test_skewness_is_the_third_standardised_moment():
    data = values() - values().mean()
    assert skewness(data) == pytest.approx(stats.skew(data), rel=1e-12)


def test_johnson_shifts_towards_the_tail():
    data = values(3)
    found = spread(data, np.arange(len(data)))
    low, high = found.interval()
    shift = stats.skew(data) / (6 * len(data)) * data.std(ddof=1)
    shift *= 1 + 2 * stats.t.ppf(0.975, len(data) - 1) ** 2
    assert johnson(found) == pytest.approx((low + shift, high + shift))


def test_halls_cubic_is_undone():
    found = spread(values(3), np.arange(len(LABELS)))
    skew = found.skewness / math.sqrt(found.clusters)
    quantile = stats.t.ppf(0.975, found.degrees)
    for bound, expected in zip(hall(found), (quantile, -quantile), strict=True):
        t = (found.mean - bound) / found.error
        assert t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / 6 == pytest.approx(expected)


def test_symmetric_values_are_left_alone():
    found = spread(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), np.arange(5))
    assert hall(found) == pytest.approx(found.interval())
    assert corrected(found, 0.5) == (found.interval(), "Student t")

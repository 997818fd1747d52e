"""Planning: known numbers of cases, and plans that are carried out."""

import math

import numpy as np
import pytest

from promptbench.stats.paired import paired_difference
from promptbench.stats.power import cases_needed, detectable_effect, plan, power


# What statsmodels.stats.power.TTestPower gives, rounded up: paired, two-sided 5%, power 80%.
@pytest.mark.parametrize(("effect", "cases"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_known_numbers_of_cases(effect, cases):
    assert cases_needed(effect, 1.0) == cases
    assert cases_needed(-10 * effect, 10.0) == cases


def test_the_normal_approximation_is_too_small():
    z = (1.959964 + 0.841621) ** 2
    assert math.ceil(z / 0.8**2) < cases_needed(0.8, 1.0)


@pytest.mark.parametrize("n", [3, 12, 80, 5_000])
def test_the_detectable_effect_has_the_wished_power(n):
    effect = detectable_effect(1 / math.sqrt(n), n - 1, 0.9)
    assert power(effect, 1 / math.sqrt(n), n - 1) == pytest.approx(0.9, abs=1e-6)


def test_no_effect_is_found_in_five_percent():
    assert power(0.0, 1.0, 20) == pytest.approx(0.05)
    assert power(1e6, 1.0, 20) == 1.0


def test_what_cannot_be_planned_is_refused():
    with pytest.raises(ValueError, match="effect of 0"):
        cases_needed(0.0, 1.0)
    with pytest.raises(ValueError, match="more than"):
        cases_needed(1e-9, 1.0)
    with pytest.raises(ValueError, match="no spread"):
        plan([1.0, 1.0], [0.0, 0.0], 0.1)
    assert math.isnan(detectable_effect(math.nan, 0))
    assert detectable_effect(0.0, 9) == 0.0


def test_a_plan_without_clusters_counts_cases():
    random = np.random.default_rng(1)
    first, second = random.normal(size=50), random.normal(size=50)
    found = plan(first, second, 0.3)
    assert found.cases == found.clusters
    assert found.cases == cases_needed(0.3, float(np.std(first - second, ddof=1)))


def clustered(random: np.random.Generator, clusters: int, effect: float):
    labels = [f"user {i // 4}" for i in range(4 * clusters)]
    values = random.normal(size=(clusters, 1)) + random.normal(size=(clusters, 4)) + effect
    return values.ravel().tolist(), [0.0] * len(labels), labels


def test_a_plan_with_clusters_keeps_its_word():
    random = np.random.default_rng(2)
    first, second, labels = clustered(random, 400, 0.0)
    found = plan(first, second, 0.5, labels)
    assert found.cases == 4 * found.clusters
    assert found.cases > 2 * plan(first, second, 0.5).cases
    hits = 0
    for _ in range(300):
        trial = paired_difference(*clustered(random, found.clusters, 0.5))
        assert trial is not None
        hits += trial.low > 0
    assert 0.72 <= hits / 300 <= 0.88

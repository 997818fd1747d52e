"""Sign flips: each way of counting them agrees with scipy, and with the others."""

import numpy as np
import pytest
from scipy import stats

from promptbench.stats import permutation
from promptbench.stats.permutation import sign_flips


def by_scipy(sums) -> float:
    test = stats.permutation_test(
        (sums,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    return float(test.pvalue)


@pytest.mark.parametrize("seed", range(5))
def test_few_groups_are_enumerated(seed):
    sums = np.random.default_rng(seed).normal(0.3, 1, size=9)
    found = sign_flips(sums, 0)
    assert found.p_value == pytest.approx(by_scipy(sums))
    assert found.p_value * 2**9 == pytest.approx(round(found.p_value * 2**9))
    assert found.method == "exact sign flips"


@pytest.mark.parametrize("seed", range(5))
def test_whole_numbers_are_counted_exactly(seed):
    sums = np.random.default_rng(seed).integers(-3, 5, size=9).astype(float)
    assert sign_flips(sums, 0).p_value == pytest.approx(by_scipy(sums))


@pytest.mark.parametrize(("wins", "losses"), [(5, 0), (30, 15), (120, 80), (7, 7)])
def test_binary_pairs_get_mcnemars_exact_test(wins, losses):
    sums = np.array([1.0] * wins + [-1.0] * losses + [0.0] * 40)
    found = sign_flips(sums, 0)
    assert found.p_value == pytest.approx(stats.binomtest(wins, wins + losses).pvalue)
    assert found.method == "exact sign flips"


def test_draws_come_close_to_the_exact_value():
    # Scaled, so that the exact way for whole numbers does not recognise them.
    sums = np.array([1.0] * 30 + [-1.0] * 17)
    exact, drawn = sign_flips(sums, 0), sign_flips(sums * 0.1, 0)
    assert drawn.method == "9,999 sign flips"
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.01)
    assert exact.p_value == pytest.approx(0.079, abs=0.001)


def test_draws_are_plus_one():
    assert sign_flips(np.full(60, 0.1), 0).p_value == 1 / 10_000


def test_draws_repeat_and_do_not_depend_on_the_order():
    sums = np.random.default_rng(3).normal(0.2, 1, size=50)
    found = sign_flips(sums, 5)
    assert found == sign_flips(sums, 5) == sign_flips(sums[::-1], 5) == sign_flips(-sums, 5)
    assert found != sign_flips(sums, 6)


def test_memory_is_bounded_by_blocks(monkeypatch):
    sums = np.random.default_rng(3).normal(0.2, 1, size=50)
    whole = sign_flips(sums, 0).p_value
    monkeypatch.setattr(permutation, "BLOCK", 1000)
    assert sign_flips(sums, 0).p_value == pytest.approx(whole, abs=0.015)


def test_sums_that_tie_but_for_rounding_count():
    # |0.1 + 0.2 - 0.3 + 0.7| is reached in several ways that round differently.
    sums = np.array([0.1, 0.2, -0.3, 0.7])
    assert sign_flips(sums, 0).p_value == by_scipy(np.array([1.0, 2.0, -3.0, 7.0]))


def test_no_difference_is_no_evidence():
    assert sign_flips(np.zeros(20), 0).p_value == 1.0
    assert sign_flips(np.array([0.1, 0.2, -0.3]), 0).p_value == 1.0
    assert sign_flips(np.array([2.5]), 0).p_value == 1.0


def test_it_rejects_true_hypotheses_at_most_as_often_as_it_says():
    random = np.random.default_rng(11)
    p_values = [sign_flips(random.normal(size=10), 0).p_value for _ in range(1000)]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.065

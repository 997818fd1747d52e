"""Two candidates on the same cases: difference, interval, p-value, detectable effect, Holm."""

import math

import numpy as np
import pytest
from scipy import stats

from promptbench.stats.discordant import tango
from promptbench.stats.paired import Difference, holm, paired_difference
from promptbench.stats.power import detectable_effect
from promptbench.stats.spread import group_numbers, spread


def known(*values, **options) -> Difference:
    found = paired_difference(*values, **options)
    assert found is not None
    return found


def scores(seed: int, n: int = 40) -> tuple[list[float], list[float]]:
    random = np.random.default_rng(seed)
    hardness = random.normal(size=n)
    return (hardness + random.normal(0.2, 0.3, n)).tolist(), hardness.tolist()


def test_no_cases_have_no_difference():
    assert paired_difference([], []) is None


def test_sequences_of_different_lengths_cannot_be_paired():
    with pytest.raises(ValueError, match="3 values cannot be paired with 2"):
        paired_difference([1, 2, 3], [1, 2])


def test_labels_must_fit_the_pairs():
    with pytest.raises(ValueError, match="1 cluster labels for 2 values"):
        paired_difference([1, 2], [1, 2], ["a"])


def test_what_is_no_score_is_refused():
    with pytest.raises(ValueError, match="finite"):
        paired_difference([1.0, math.nan], [1.0, 2.0])


def test_interval_is_that_of_the_paired_t_test():
    first, second = scores(1)
    found = known(first, second)
    expected = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.mean == pytest.approx(np.mean(first) - np.mean(second))


def test_pairing_sees_what_an_unpaired_test_does_not():
    first, second = scores(1)
    assert known(first, second).p_value < 0.01
    assert stats.ttest_ind(first, second).pvalue > 0.2


def test_clustered_interval_is_that_of_the_differences():
    first, second = scores(2)
    labels = [f"user {i % 9}" for i in range(40)]
    found = known(first, second, labels)
    values = np.subtract(first, second)
    expected = spread(values, group_numbers(labels, 40)).interval()
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.clusters == 9
    assert found.method == "t, clustered by 9 groups; exact sign flips"


def test_passes_and_failures_get_tangos_interval():
    first, second = [1.0] * 9 + [0.0] * 21, [0.0] * 7 + [1.0] * 3 + [0.0] * 20
    found = known(first, second)
    assert (found.low, found.high) == tango(7, 1, 30)
    assert found.method == "Tango; exact sign flips"
    mixed = known([0.5, *first], [0.5, *second])
    assert mixed.method.startswith("Student t")


def test_passes_that_all_agree_are_not_certain():
    found = known([1.0] * 20, [1.0] * 20)
    assert found.mean == 0 and found.low == pytest.approx(-found.high)
    assert found.high == pytest.approx(1.959964**2 / (20 + 1.959964**2))
    assert found.caution.startswith("All 20 values are the same")


def test_clusters_widen_the_interval_of_passes():
    first, second = [1.0, 1.0, 0.0, 1.0] * 15, [0.0, 1.0, 0.0, 0.0] * 15
    alike = sorted(zip(first, second, strict=True))
    together = known(*zip(*alike, strict=True), [f"user {i // 6}" for i in range(60)])
    alone = known(first, second)
    assert together.high - together.low > 1.5 * (alone.high - alone.low)
    assert together.method.startswith("Tango, clustered by 10 groups")


def test_evident_skewness_is_corrected_for():
    gains = [0.0] * 40 + [0.1, 0.2, 0.4, 0.8, 0.9, 0.9]
    found = known(gains, [0.0] * 46)
    plain = stats.ttest_rel(gains, [0.0] * 46).confidence_interval(0.95)
    assert found.low > plain.low and found.high > plain.high


def test_whole_clusters_are_flipped():
    # Ten copies of three cases are three opinions: 2 of the 8 sign patterns are as far from 0.
    first, second, labels = [0.3, 0.4, 0.5] * 10, [0.0] * 30, list("abc") * 10
    assert known(first, second, labels).p_value == 2 / 8
    assert known(first, second).p_value == 1 / 10_000


def test_wins_ties_and_losses_add_up():
    found = known([1, 2, 3, 4], [0, 2, 4, 4])
    assert (found.wins, found.ties, found.losses) == (1, 2, 1)
    assert found.n == 4


def test_rounding_is_a_tie():
    found = known([0.1 + 0.2, 0.5], [0.3, 0.5])
    assert (found.wins, found.ties, found.losses) == (0, 2, 0)
    assert (found.mean, found.p_value) == (0.0, 1.0)


def test_equal_scores_differ_by_nothing():
    found = known([0.3, 0.7, 1.0], [0.3, 0.7, 1.0])
    assert (found.mean, found.low, found.high) == (0.0, 0.0, 0.0)
    assert (found.p_value, found.detectable, found.ties) == (1.0, 0.0, 3)


def test_swapping_the_candidates_changes_only_the_sign():
    first, second = scores(4)
    there, back = known(first, second), known(second, first)
    assert there.p_value == back.p_value
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert (there.wins, there.losses) == (back.losses, back.wins)


def test_equal_input_gives_an_equal_result():
    first, second = scores(5)
    assert known(first, second) == known(first, second)
    assert known(first, second, seed=1) == known(first, second, seed=1)


def test_detectable_effect_is_that_of_the_spread_seen():
    # Differences 0, 1, 2: standard error 1/sqrt(3) on 2 degrees.
    found = known([0, 1, 2], [0, 0, 0])
    assert found.detectable == pytest.approx(detectable_effect(1 / math.sqrt(3), 2))


def test_detectable_effect_is_found_in_about_80_percent():
    random = np.random.default_rng(9)
    n, sd = 40, 1.0
    effect = (stats.t.ppf(0.975, n - 1) + stats.t.ppf(0.8, n - 1)) * sd / math.sqrt(n)
    found = [known(random.normal(effect, sd, n), np.zeros(n)) for _ in range(300)]
    assert 0.73 <= np.mean([one.low > 0 for one in found]) <= 0.87
    assert np.mean([one.detectable for one in found]) == pytest.approx(effect, rel=0.03)


@pytest.mark.parametrize("clusters", [None, ["a"]])
def test_one_case_proves_nothing(clusters):
    found = known([1.0], [0.0], clusters)
    assert (found.mean, found.p_value) == (1.0, 1.0)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert math.isnan(found.detectable)
    assert found.method.startswith("no interval: one value")


def test_holm_by_hand():
    # In order: 0.005 * 4, 0.01 * 3, 0.03 * 2, then 0.04 * 1, held up to the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_is_capped_and_keeps_equals_equal():
    assert holm([0.6, 0.6, 0.02]) == pytest.approx([1.0, 1.0, 0.06])


def test_holm_leaves_out_what_was_not_tested():
    adjusted = holm([0.01, math.nan, 0.04])
    assert math.isnan(adjusted[1])
    assert [adjusted[0], adjusted[2]] == pytest.approx([0.02, 0.04])
    assert holm([]) == []


def test_holm_keeps_false_alarms_at_five_percent():
    random = np.random.default_rng(2)
    alarms = [min(holm(random.uniform(size=10).tolist())) <= 0.05 for _ in range(4000)]
    assert np.mean(alarms) <= 0.06

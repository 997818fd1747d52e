import pytest
from scipy.stats import binom, binomtest

from promptbench.stats.coin import coin_power, decisions_needed, fewest_wins
from promptbench.stats.discordant import sign_test


def test_a_sign_test_is_the_exact_binomial_test():
    assert sign_test(9, 1) == pytest.approx(22 / 1024)
    assert sign_test(0, 0) == 1.0
    for wins, losses in ((3, 4), (10, 2), (0, 6), (40, 60)):
        found = binomtest(wins, wins + losses).pvalue
        assert sign_test(wins, losses) == pytest.approx(found)
        assert sign_test(losses, wins) == sign_test(wins, losses)


@pytest.mark.parametrize("decisions", range(120))
def test_the_fewest_wins_are_the_first_that_are_significant(decisions: int):
    halves = range((decisions + 1) // 2, decisions + 1)
    won = (n for n in halves if decisions and binomtest(n, decisions).pvalue <= 0.05)
    assert fewest_wins(decisions) == next(won, None)


def test_power_is_the_chance_of_that_many_on_either_side():
    """Six decisions: all six must fall on one side, 0.8^6 + 0.2^6."""
    assert coin_power(6, 0.8) == pytest.approx(0.8**6 + 0.2**6)
    assert coin_power(5, 1.0) == 0.0
    wins = fewest_wins(54)
    assert wins is not None
    assert coin_power(54, 0.7) == pytest.approx(
        binom.sf(wins - 1, 54, 0.7) + binom.cdf(54 - wins, 54, 0.7)
    )


@pytest.mark.parametrize("share", [0.3, 0.6, 0.7, 0.8, 0.9, 1.0])
def test_from_the_number_needed_on_the_power_is_kept(share: float):
    needed = decisions_needed(share)
    assert coin_power(needed - 1, share) < 0.8
    assert all(coin_power(n, share) >= 0.8 for n in range(needed, needed + 100))


def test_both_sides_need_the_same_and_a_coin_is_never_told_from_a_coin():
    assert decisions_needed(0.3) == decisions_needed(0.7) == 54
    for share in (0.5, -0.1, 1.1):
        with pytest.raises(ValueError, match="no share"):
            decisions_needed(share)

"""How often one candidate wins a case, and how sure that is."""

import pytest
from scipy import stats

from promptbench.stats.superiority import superiority


def test_ties_count_half():
    found = superiority([1, 2, 3, 4], [0, 2, 4, 4])
    assert found is not None
    assert (found.wins, found.ties, found.losses) == (1, 2, 1)
    assert found.share == 0.5
    assert found.low < 0.5 < found.high


def test_without_ties_it_is_the_share_of_wins():
    found = superiority([1.0] * 30 + [0.0] * 10, [0.5] * 40)
    assert found is not None
    wilson = stats.binomtest(30, 40).proportion_ci(method="wilson")
    assert found.share == 0.75
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high), abs=0.01)


def test_clusters_speak_once():
    first, second, labels = [1.0, 1.0, 0.0] * 10, [0.5] * 30, list("abc") * 10
    together, alone = superiority(first, second, labels), superiority(first, second)
    assert together is not None and alone is not None
    assert together.high - together.low > 1.5 * (alone.high - alone.low)
    assert together.caution.startswith("Only 3 independent groups")


def test_no_case_is_no_answer():
    assert superiority([], []) is None
    with pytest.raises(ValueError, match="cannot be paired"):
        superiority([1], [])

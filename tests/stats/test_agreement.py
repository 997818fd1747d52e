"""Agreement of observers: published worked examples, and intervals that cover."""

import math

import numpy as np
import pytest

from promptbench.stats.agreement import cohen_kappa, krippendorff_alpha

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": 4 observers, 12 units. The first
# 11 are in his "Content Analysis", 4th edition 2019, chapter 12, too.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
UNITS = list(zip(*OBSERVERS, strict=True))


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorffs_worked_example(level, alpha):
    found = krippendorff_alpha(UNITS, level=level)
    assert found is not None
    assert found.mean == pytest.approx(alpha, abs=5e-4)
    assert found.low < found.mean < found.high <= 1
    # The last unit has one rating, which can agree with nothing.
    assert found.n == 11


def test_text_is_nominal():
    letters = [["abcde"[v - 1] if v else None for v in row] for row in UNITS]
    found = krippendorff_alpha(letters)
    assert found is not None
    assert found.mean == pytest.approx(0.743, abs=5e-4)
    with pytest.raises(ValueError, match="needs numbers"):
        krippendorff_alpha(letters, level="ordinal")


def test_alpha_of_nothing():
    assert krippendorff_alpha([]) is None
    assert krippendorff_alpha([[1, None], [math.nan, 2]]) is None
    with pytest.raises(ValueError, match="no value"):
        krippendorff_alpha([[1, 1], [1, 1]])


def test_kappa_by_hand():
    # 20 and 15 agree, 5 and 10 do not: 0.7 observed, 0.5 by chance.
    first = [1] * 25 + [0] * 25
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    found = cohen_kappa(first, second)
    assert found is not None
    assert found.mean == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert cohen_kappa([], []) is None


def test_weights_forgive_what_is_near():
    first, second = [1, 2, 3, 4, 5, 1, 3], [2, 2, 3, 5, 4, 1, 3]
    plain, linear, square = (
        cohen_kappa(first, second, weighting=each) for each in ("none", "linear", "quadratic")
    )
    assert plain is not None and linear is not None and square is not None
    assert plain.mean < linear.mean < square.mean


def test_kappa_has_no_value_without_two_categories():
    with pytest.raises(ValueError, match="no value"):
        cohen_kappa([1, 1, 1], [1, 1, 1])
    with pytest.raises(ValueError, match="cannot be paired"):
        cohen_kappa([1], [1, 1])


def test_intervals_cover():
    random = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        truth = random.integers(2, size=60)
        first, second = (np.where(random.random(60) < 0.85, truth, 1 - truth) for _ in range(2))
        found = cohen_kappa(first.tolist(), second.tolist())
        assert found is not None
        held += found.low <= 0.49 <= found.high
    # Two observers that are right in 85%: 0.745 observed, 0.5 by chance, so 0.49.
    assert 0.91 <= held / 200 <= 0.985

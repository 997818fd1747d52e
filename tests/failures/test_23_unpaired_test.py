"""Row 23: an unpaired test on paired data; a permutation test that leaves ties out, or itself."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

from promptbench.stats.paired import paired_difference
from promptbench.stats.permutation import DRAWS, sign_flips


def test_a_small_difference_on_every_case_is_seen():
    draw = random.Random(5)
    hard = [draw.random() for _ in range(40)]
    better = [value + 0.02 + draw.uniform(-0.01, 0.01) for value in hard]
    found = paired_difference(better, hard)
    assert found is not None
    assert found.p_value < 0.001
    assert 0.015 < found.low < found.mean < found.high < 0.025


@pytest.mark.parametrize("sums", [[1.0, 1.0, 1.0], [0.5, 0.25, -0.25, 0.5], [2.5, 1.5, 0.5]])
def test_sums_as_far_from_0_as_the_observed_one_count(sums: list[float]):
    observed = abs(sum(sums))
    patterns = [
        sum(s * v for s, v in zip(signs, sums, strict=True))
        for signs in product((1, -1), repeat=len(sums))
    ]
    exact = sum(abs(value) >= observed - 1e-12 for value in patterns) / len(patterns)
    assert sign_flips(np.array(sums), 0).p_value == pytest.approx(exact)


def test_drawn_signs_never_give_a_p_value_of_0():
    found = sign_flips(np.linspace(1.0, 1.9, 60), 0)
    assert found.p_value == 1 / (DRAWS + 1)

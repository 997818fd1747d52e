import math

import numpy as np
import pytest

from promptbench.error import InputError
from promptbench.metric.pool import POOLS, bin_of, pool_named

# Computed by scikit-learn 1.9.1: f1_score(labels=range(4), average="macro", zero_division=0),
# balanced_accuracy_score and matthews_corrcoef, with sample_weight.
GOLD = [0, 1, 1, 0, 2, 0, 0, 0, 2, 2, 2, 0, 2, 1, 1, 0, 1, 2, 1, 0]
NAMED = [0, 2, 1, 2, -1, 2, 0, 0, 2, -1, 2, 0, 2, 1, 1, 0, 1, 2, 3, 0]
WEIGHTS = [2, 0, 2, 2, 1, 1, 2, 1, 1, 0, 1, 2, 0, 0, 2, 1, 2, 0, 2, 0]
SKLEARN = {
    "macro_f1": (0.5681318681318681, 0.549812030075188),
    "balanced_accuracy": (0.6944444444444443, 0.7146464646464646),
    "matthews": (0.5958438476179615, 0.6273290910103085),
}


def answers(gold, named, labels):
    return np.array([[g, n, labels] for g, n in zip(gold, named, strict=True)], dtype=np.float64)


def pooled(name, parts, weights=None):
    return POOLS[name](
        parts, np.ones(len(parts)) if weights is None else np.asarray(weights, float)
    )


@pytest.mark.parametrize("name", SKLEARN)
def test_figures_are_those_of_scikit_learn(name):
    parts = answers(GOLD, NAMED, 4)
    plain, weighted = SKLEARN[name]
    assert pooled(name, parts) == pytest.approx(plain, abs=1e-12)
    assert pooled(name, parts, WEIGHTS) == pytest.approx(weighted, abs=1e-12)


@pytest.mark.parametrize("name", SKLEARN)
def test_a_weight_counts_a_case_so_many_times(name):
    parts, weights = answers(GOLD, NAMED, 4), np.array(WEIGHTS)
    repeated = np.repeat(parts, weights, axis=0)
    assert pooled(name, parts, weights) == pytest.approx(pooled(name, repeated), abs=1e-12)


def test_macro_f1_counts_a_label_that_never_occurs_as_0():
    assert pooled("macro_f1", answers([0, 1], [0, 1], 2)) == 1.0
    assert pooled("macro_f1", answers([0, 1], [0, 1], 4)) == 0.5


def test_balanced_accuracy_leaves_out_labels_that_nobody_meant():
    assert pooled("balanced_accuracy", answers([0, 0, 1], [0, 2, 1], 4)) == 0.75


@pytest.mark.parametrize("gold, named", [([0, 0], [0, 1]), ([0, 1], [0, 0]), ([0, 1], [-1, -1])])
def test_matthews_is_0_where_one_side_never_changes(gold, named):
    assert pooled("matthews", answers(gold, named, 2)) == 0.0


def test_matthews_reaches_from_minus_1_to_1():
    assert pooled("matthews", answers([0, 1, 0, 1], [0, 1, 0, 1], 2)) == pytest.approx(1.0)
    assert pooled("matthews", answers([0, 1, 0, 1], [1, 0, 1, 0], 2)) == pytest.approx(-1.0)


def test_calibration_is_the_gap_of_each_bin_by_its_cases():
    # Two bins: three answers at 0.9 of which two are right, one at 0.5 that is right.
    parts = np.array([[0.9, 1], [0.9, 1], [0.9, 0], [0.5, 1]])
    assert pooled("calibration", parts) == pytest.approx(0.75 * (0.9 - 2 / 3) + 0.25 * 0.5)
    assert pooled("calibration", parts, [1, 1, 0, 0]) == pytest.approx(0.1)


def test_bins_hold_their_upper_edge():
    found = bin_of(np.array([0.0, 0.1, 0.1000001, 0.3, 0.7, 0.95, 1.0]))
    assert found.tolist() == [0, 0, 1, 2, 6, 9, 9]


@pytest.mark.parametrize("name", POOLS)
def test_over_no_weight_there_is_no_value(name):
    parts = answers([0, 1], [0, 1], 2) if name != "calibration" else np.array([[0.5, 1.0]])
    assert math.isnan(POOLS[name](parts, np.zeros(len(parts))))


def test_an_unknown_pool_is_named():
    with pytest.raises(InputError, match="no way to pool a metric is named 'meteor'"):
        pool_named("meteor")

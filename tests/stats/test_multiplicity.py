"""Adjusted p-values: the published example, scipy, and how many false alarms come through."""

import math

import numpy as np
import pytest
from scipy import stats

from promptbench.stats.multiplicity import benjamini_hochberg, holm

# The example of Benjamini and Hochberg 1995 (15 hypotheses of the study of Neuhaus et al. 1992, as
# the documentation of scipy.stats.false_discovery_control quotes it): they reject four of these,
# Bonferroni three.
PUBLISHED = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
PUBLISHED += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]


def test_the_published_example():
    assert sum(p <= 0.05 for p in benjamini_hochberg(PUBLISHED)) == 4
    assert sum(p <= 0.05 for p in holm(PUBLISHED)) == 3


def test_scipy_agrees():
    p_values = np.random.default_rng(1).uniform(size=30) ** 2
    expected = stats.false_discovery_control(p_values)
    assert benjamini_hochberg(p_values.tolist()) == pytest.approx(expected, abs=1e-12)


def test_what_was_not_tested_is_left_out():
    adjusted = benjamini_hochberg([0.01, math.nan, 0.04])
    assert math.isnan(adjusted[1])
    assert [adjusted[0], adjusted[2]] == pytest.approx([0.02, 0.04])
    assert benjamini_hochberg([]) == []


def test_false_discoveries_stay_at_five_percent():
    random = np.random.default_rng(2)
    shares, naive = [], []
    for _ in range(1500):
        p_values = np.concatenate([random.uniform(size=15), random.uniform(0, 0.002, size=5)])
        for adjusted, found in ((benjamini_hochberg(p_values.tolist()), shares), (p_values, naive)):
            rejected = np.array(adjusted) <= 0.05
            found.append(rejected[:15].sum() / max(rejected.sum(), 1))
    assert np.mean(shares) <= 0.05
    assert np.mean(naive) > 0.08

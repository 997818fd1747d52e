"""Variance by source: against arithmetic, against simulated truth."""

import numpy as np
import pytest

from promptbench.stats.components import Observation, components


def table(
    seed: int, sizes: tuple[int, int, int, int], deviations: dict[str, float], keep: float = 1
):
    """Scores of cases x wordings x seeds x repeats; `keep` is the share of rows that is left."""
    random = np.random.default_rng(seed)
    effects = {
        name: random.normal(0, deviations.get(name, 0.0), size)
        for name, size in zip(("case", "wording", "seed"), sizes[:3], strict=True)
    }
    rows = []
    for place in np.ndindex(*sizes[:3]):
        shared = sum(effect[i] for effect, i in zip(effects.values(), place, strict=True))
        shared += random.normal(0, deviations.get("interplay", 0.0))
        for repeat in range(sizes[3]):
            value = shared + random.normal(0, deviations["repeat"])
            if random.random() < keep:
                labels = [str(i) for i in place]
                rows.append(Observation(labels[0], repeat, labels[1], labels[2], value))
    return rows


def variances(rows) -> dict[str, float]:
    return {found.source: found.variance for found in components(rows)}


def test_one_source_is_the_analysis_of_variance():
    rows = table(1, (12, 1, 1, 5), {"case": 1.0, "repeat": 0.5})
    values = np.array([row.value for row in rows]).reshape(12, 5)
    within = float(values.var(axis=1, ddof=1).mean())
    between = float(values.mean(axis=1).var(ddof=1)) - within / 5
    assert variances(rows) == pytest.approx({"case": between, "repeat": within}, abs=1e-9)


@pytest.mark.parametrize("keep", [1.0, 0.7])
def test_simulated_truth_is_met_on_average(keep):
    truth = {"case": 1.0, "wording": 0.5, "seed": 0.7, "interplay": 0.6, "repeat": 0.8}
    found = [variances(table(seed, (15, 6, 6, 2), truth, keep)) for seed in range(60)]
    for name, deviation in truth.items():
        estimates = [each[name] for each in found]
        error = np.std(estimates) / np.sqrt(len(estimates))
        assert abs(np.mean(estimates) - deviation**2) < 3.5 * error


def test_shares_add_up():
    found = components(table(2, (10, 3, 3, 2), {"case": 1.0, "wording": 0.5, "repeat": 0.5}))
    assert sum(each.share for each in found) == pytest.approx(1)
    assert [each.source for each in found] == ["case", "wording", "seed", "interplay", "repeat"]
    assert [each.levels for each in found] == [10, 3, 3, 90, 180]


def test_a_negative_estimate_is_zero_and_says_so():
    found = [
        each
        for seed in range(10)
        for each in components(table(seed, (8, 3, 1, 2), {"repeat": 1.0}))
    ]
    assert any(each.truncated for each in found)
    assert all(each.variance == 0 for each in found if each.truncated)
    assert min(each.variance for each in found) == 0


def test_without_repeats_there_is_no_interplay():
    found = components(table(3, (10, 4, 1, 1), {"case": 1.0, "repeat": 0.5}))
    assert [each.source for each in found] == ["case", "wording", "repeat"]


def test_what_cannot_be_told_apart_is_refused():
    rows = [Observation(str(i), j, str(i), "0", float(i + j)) for i in range(4) for j in range(2)]
    with pytest.raises(ValueError, match="cannot be told apart"):
        components(rows)
    with pytest.raises(ValueError, match="two scores"):
        components(rows[:1])

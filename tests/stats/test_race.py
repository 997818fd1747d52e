"""Races: who is beaten, when, how surely, and what that saves."""

import numpy as np
import pytest

from promptbench.stats.race import Race, start


def rows(random: np.random.Generator, rates: dict[str, float], n: int) -> list[dict[str, float]]:
    return [{name: float(random.random() < p) for name, p in rates.items()} for _ in range(n)]


def run(seed: int, rates: dict[str, float], n: int = 150) -> tuple[Race, list[dict[str, float]]]:
    table = rows(np.random.default_rng(seed), rates, n)
    return start(rates).add_all(table), table


def test_the_worst_stops_early_and_the_best_runs_on():
    race, _ = run(1, {"good": 0.95, "fair": 0.9, "bad": 0.2})
    assert race.beaten == ("bad",)
    assert race.running == ("good", "fair")
    assert race.counts[2] < 60 and race.counts[0] == 150


def test_the_winner_is_that_of_the_full_run_and_work_is_saved():
    rates = {"a": 0.9, "b": 0.7, "c": 0.55, "d": 0.4, "e": 0.3}
    same, saved = [], []
    for seed in range(40):
        race, table = run(seed, rates)
        full = {name: sum(row[name] for row in table) for name in rates}
        same.append(full[race.leader] == max(full.values()))
        saved.append(1 - race.counts.sum() / (150 * len(rates)))
    assert np.mean(same) >= 0.95
    assert np.mean(saved) > 0.3


def test_equals_are_rarely_called_beaten():
    beaten = [bool(run(seed, dict.fromkeys("abcd", 0.6), 100)[0].beaten) for seed in range(60)]
    assert np.mean(beaten) <= 0.05


def test_a_looser_rule_fails_the_same_check():
    # 1 / level for each pair, as if there were one comparison.
    def careless(seed: int) -> bool:
        race = start("abcd")
        for row in rows(np.random.default_rng(seed), dict.fromkeys("abcd", 0.6), 100):
            race = race.add(row)
            if (race.wagers.logarithm > np.log(10)).any():
                return True
        return False

    assert np.mean([careless(seed) for seed in range(60)]) > 0.1


def test_a_beaten_candidate_needs_no_more_scores():
    race, _ = run(1, {"good": 0.95, "fair": 0.9, "bad": 0.2})
    later = race.add({"good": 1.0, "fair": 1.0})
    assert later.counts.tolist()[2] == race.counts[2]
    assert later.beaten == race.beaten
    assert race.add({"good": 1.0, "fair": 1.0, "bad": 1.0}).counts[2] == race.counts[2]


def test_an_unscored_case_is_left_out_of_its_pairs():
    race = start("ab").add({"a": 1.0})
    assert race.counts.tolist() == [1, 0]
    assert not race.wagers.count[0, 1]


def test_one_candidate_is_never_beaten():
    assert start(["only"]).add_all([{"only": 0.0}] * 50).running == ("only",)


def test_limits_are_those_of_the_scores():
    with pytest.raises(ValueError, match="beyond 1"):
        start("ab").add({"a": 5.0, "b": 1.0})
    assert start("ab", (0.0, 10.0)).add({"a": 5.0, "b": 1.0}).counts.sum() == 2
    with pytest.raises(ValueError, match="same name"):
        start("aa")

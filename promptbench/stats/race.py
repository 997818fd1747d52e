"""Race candidates over the cases: scores in as they come, who is beaten beyond doubt out.

Pure logic: it runs nothing. After each case the caller asks `beaten`, and stops those.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from promptbench.stats.sequence import LEVEL, Wager, wager


@dataclass(frozen=True, slots=True)
class Race:
    """Candidates, what each has scored, and the bets of each that it is better than another.

    `wagers` hold fortunes of shape (candidates, candidates): row bets to beat column. `beaten`
    are out for good, in the order in which they went. Over the whole race, whenever one looks
    and stops, the chance that any best candidate is ever called beaten is at most `level`.
    """

    names: tuple[str, ...]
    wagers: Wager
    totals: NDArray[np.float64]
    counts: NDArray[np.intp]
    beaten: tuple[str, ...] = ()
    level: float = LEVEL

    @property
    def running(self) -> tuple[str, ...]:
        """The candidates that may still be best."""
        return tuple(name for name in self.names if name not in self.beaten)

    @property
    def leader(self) -> str:
        """The running candidate with the highest mean; the first of them on a tie."""
        means = dict(zip(self.names, self.totals / np.maximum(self.counts, 1), strict=True))
        return max(self.running, key=lambda name: means[name])

    def add(self, scores: Mapping[str, float]) -> Race:
        """Take one more case: a score, higher is better, for every candidate that still runs.

        One missing (unscored) is left out of its pairs. Cases must be independent and in an order
        that has nothing to do with their scores; of a cluster add the means, as if one case.
        """
        row = np.array([scores.get(name, math.nan) for name in self.names], dtype=np.float64)
        row[[name in self.beaten for name in self.names]] = math.nan
        there = ~np.isnan(row)
        taken = replace(
            self,
            wagers=self.wagers.add(row[:, None] - row[None, :]),
            totals=self.totals + np.where(there, row, 0.0),
            counts=self.counts + there,
        )
        return replace(taken, beaten=self.beaten + taken.losing())

    def add_all(self, batch: Iterable[Mapping[str, float]]) -> Race:
        """Take a batch of cases one after another; one beaten within it has no later scores."""
        race = self
        for scores in batch:
            race = race.add(scores)
        return race

    def losing(self) -> tuple[str, ...]:
        """The running candidates against which the evidence has become strong enough.

        If one of k candidates is best, the mean of the others' k - 1 fortunes against it is an
        e-value; it is called beaten at k / level (Bonferroni for e-values: Vovk and Wang 2021,
        "E-values: Calibration, combination and applications").
        """
        count = len(self.names)
        largest = self.wagers.logarithm.max(axis=0)
        fortunes = np.exp(self.wagers.logarithm - largest).sum(axis=0) - np.exp(-largest)
        limit = math.log(count / self.level) + math.log(max(count - 1, 1))
        with np.errstate(divide="ignore"):
            out = np.log(np.maximum(fortunes, 0.0)) + largest >= limit
        return tuple(
            name
            for name, gone in zip(self.names, out, strict=True)
            if gone and name not in self.beaten
        )


def start(names: Iterable[str], limits: tuple[float, float] = (0.0, 1.0)) -> Race:
    """A race before the first case; every score must lie within the limits.

    Raises ValueError on names that repeat and on limits in the wrong order.
    """
    found = tuple(names)
    if len(set(found)) != len(found):
        raise ValueError("two candidates have the same name")
    shape = (len(found), len(found))
    empty = np.zeros(len(found))
    return Race(found, wager(limits[1] - limits[0], shape), empty, empty.astype(np.intp))

"""The list of runs: a store in, a line of words a run out."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock

from promptbench.report.grid import lay_out, primary_metric
from promptbench.report.number import scale_of
from promptbench.report.summary import standings_of
from promptbench.report.visible import visible
from promptbench.run.pairing import load
from promptbench.store.database import RunLine, Store
from promptbench.store.state import arrivals, score_count
from promptbench.view.pace import LOOKED_AT, moment, pace

# Seconds that one answer may spend on figures that nobody has asked for yet.
PATIENCE = 0.5
FIGURES = 1000
# While a run goes on, at most one part in so many of the time goes into finding its best.
RARELY = 10


@dataclass(frozen=True, slots=True)
class Line:
    """A run in the list. `words` is what its cells say; `share` is what is done, in per cent.

    `settled` says that no more will come of it: it is not under way and its best is known.
    """

    id: str
    suite: str
    status: str
    share: float
    words: Mapping[str, str]
    settled: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What does not change of a run."""

    split: str
    candidates: int
    cases: int
    repeats: int


@dataclass(frozen=True, slots=True)
class Best:
    """A run's best candidate by its primary metric, and its mean with the 95% interval."""

    name: str = ""
    figure: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A best, the state of the run that it is of, and the time from which it may be found anew."""

    state: Hashable
    best: Best
    until: float


@dataclass(slots=True)
class Lines:
    """Makes the list. What is costly is remembered by run and number of scores."""

    facts: dict[str, Facts] = field(default_factory=dict)
    figures: dict[str, Known] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def of(self, store: Store, patience: float = PATIENCE) -> tuple[Line, ...]:
        """All runs, the newest first. Bests that take longer than `patience` seconds come later."""
        with self.lock:
            until = time.monotonic() + patience
            return tuple(self.line(store, each, until) for each in store.runs())

    def line(self, store: Store, found: RunLine, until: float) -> Line:
        """One run."""
        facts = self.facts.get(found.id) or self.facts.setdefault(found.id, facts_of(store, found))
        planned = planned_cells(store, found.id, facts)
        going = found.status == "running"
        best = self.best(store, found, until)
        told = pace(arrivals(store, found.id, LOOKED_AT), datetime.now(UTC)) if going else None
        words = {
            "about": f"{found.suite} · {facts.split}" if facts.split else found.suite,
            "begun": date(found.created),
            "status": found.status,
            "pace": told.told(planned - found.done) if told else "",
            "done": f"{found.done:,} of {planned:,}",
            "candidates": f"{facts.candidates:,}",
            "best": best.name if best else "...",
            "figure": best.figure if best else "",
        }
        shown = {name: str(visible(text)) for name, text in words.items()}
        share = round(100 * min(1.0, found.done / planned), 1) if planned else 100.0
        settled = not going and best is not None
        return Line(found.id, found.suite, found.status, share, shown, settled)

    def best(self, store: Store, found: RunLine, until: float) -> Best | None:
        """The best candidate, None where there is no time left to find it now."""
        state = (found.status, found.done, score_count(store, found.id))
        known, began = self.figures.get(found.id), time.monotonic()
        if known and (known.state == state or (found.status == "running" and began < known.until)):
            return known.best
        if began > until:
            return known.best if known else None
        if len(self.figures) >= FIGURES:
            self.figures.clear()
        best = best_of_run(store, found.id)
        now = time.monotonic()
        self.figures[found.id] = Known(state, best, now + RARELY * (now - began))
        return best


def facts_of(store: Store, found: RunLine) -> Facts:
    """Read a run's header once."""
    run = store.run(found.id)
    (cases,) = next(store.query("SELECT count(*) FROM run_case WHERE run = ?", (found.id,)))
    return Facts(run.split, len(run.candidates), int(cases), run.repeats)


def planned_cells(store: Store, run_id: str, facts: Facts) -> int:
    """How many outputs a run has when it is complete: a race spares some."""
    sql = "SELECT candidate, cases FROM stop WHERE run = ?"
    stopped = dict(store.query(sql, (run_id,)))
    kept = (facts.candidates - len(stopped)) * facts.cases + sum(stopped.values())
    return int(kept) * facts.repeats


def best_of_run(store: Store, run_id: str) -> Best:
    """Rank the candidates as the report does, by the primary metric alone."""
    found = load(store, run_id)
    primary = primary_metric(found.run)
    run = replace(found.run, metrics=(primary,))
    standings = standings_of(run, lay_out(run, found.cases, found.samples).by_id())
    ranked = [(each.candidate.name, mean) for each in standings if (mean := each.estimate(primary))]
    if not ranked:
        return Best("no score yet" if found.run.status == "running" else "no score")
    if primary.direction == "none":
        return Best("none", f"{primary.label} has no better direction")
    scale = scale_of(primary, [mean.mean for _, mean in ranked])
    name, mean = ranked[0]
    figure = f"{primary.label} {scale.show(mean.mean)} ({scale.interval(mean.low, mean.high)})"
    return Best(name, figure)


def date(created: str) -> str:
    """A date that can be read; one that is none stays as it is."""
    found = moment(created)
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if found else created

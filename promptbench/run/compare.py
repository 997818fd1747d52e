"""Compare two runs, or two candidates, case by case: what changed from the first to the second."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from promptbench.error import InputError, choices
from promptbench.record import Candidate
from promptbench.report.summary import summarise
from promptbench.run.change import Change, change_of, refusal
from promptbench.run.evidence import best_of
from promptbench.run.pairing import (
    DataDifference,
    Loaded,
    data_difference,
    load,
    paired,
)
from promptbench.stats.multiplicity import benjamini_hochberg, holm
from promptbench.store.database import Store

NAMED = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """Two candidates as RUN:CANDIDATE, what of them is the same, and what changed.

    `same_memory` is None where neither of them is of a chat.
    `refused` says of each metric that cannot be compared why, `remarks` what a reader should mind.
    """

    first: str
    second: str
    same_prompt: bool
    same_model: bool
    same_sampling: bool
    same_memory: bool | None
    changes: tuple[Change, ...]
    refused: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def compare_runs(store: Store, first: str, second: str, metrics: Sequence[str]) -> tuple[Pair, ...]:
    """Compare two runs, or candidates as RUN:CANDIDATE, on `metrics` or on all that both have.

    Two runs are compared candidate by candidate of the same name, or if no name is in both, best
    with best. Raises InputError where data differ, and where there is nothing to compare.
    """
    ours, mine = _side(store, first)
    theirs, other = _side(store, second)
    refuse_other_data(ours, theirs)
    wanted = wanted_metrics(ours, theirs, metrics)
    pairs = [
        pair_of(ours, left, theirs, right, wanted)
        for left, right in _names(ours, mine, theirs, other)
    ]
    if not any(pair.changes for pair in pairs):
        what = f"nothing can be compared: {'; '.join(pairs[0].refused)}"
        hint = "Run one of them again under the settings of the other, or choose other metrics."
        raise InputError(what, hint=hint)
    return adjusted(pairs)


def adjusted(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The same with p-values after Holm, and q-values, over all of them."""
    every = [change for pair in pairs for change in pair.changes]
    p_values = [c.difference.p_value if c.difference else math.nan for c in every]
    found = iter(zip(holm(p_values), benjamini_hochberg(p_values), strict=True))
    return tuple(
        replace(pair, changes=tuple(_with(change, *next(found)) for change in pair.changes))
        for pair in pairs
    )


def _with(change: Change, p_holm: float, q_value: float) -> Change:
    return replace(change, p_holm=p_holm, q_value=q_value)


def refuse_other_data(first: Loaded, second: Loaded) -> None:
    """Raise InputError unless the two runs have the same cases."""
    found = data_difference(first.cases, second.cases)
    if not found:
        return
    hint = "Compare runs over the same split and limit of the same file; run one of them again."
    where = f"{first.run.id} and {second.run.id}"
    raise InputError(f"the data differ: {told(found, first, second)}", where=where, hint=hint)


def told(found: DataDifference, first: Loaded, second: Loaded) -> str:
    """In what two runs differ, counted and with the first few names."""
    kinds = {
        f"only in {first.run.id}": found.only_first,
        f"only in {second.run.id}": found.only_second,
        "of the same id and other content": found.changed,
    }
    return "; ".join(f"{len(ids):,} {kind} ({few(ids)})" for kind, ids in kinds.items() if ids)


def few(ids: Sequence[str]) -> str:
    """The first few of many."""
    more = ", ..." if len(ids) > NAMED else ""
    return f"{', '.join(ids[:NAMED])}{more}"


def _side(store: Store, spec: str) -> tuple[Loaded, str]:
    """A run, and the candidate of it that is meant, or ""."""
    run_id, _, name = spec.partition(":")
    loaded = load(store, run_id)
    names = [candidate.name for candidate in loaded.run.candidates]
    if name and name not in names:
        hint = choices(name, names, "It has")
        raise InputError(f"the run {run_id} has no candidate '{name}'", hint=hint)
    return loaded, name


def _names(ours: Loaded, mine: str, theirs: Loaded, other: str) -> list[tuple[str, str]]:
    """Who is compared with whom. A run without a candidate takes the other side's name."""
    there = [candidate.name for candidate in theirs.run.candidates]
    here = [candidate.name for candidate in ours.run.candidates]
    both = [(name, name) for name in here if name in there]
    if mine or other:
        left = mine or (other if other in here else _best(ours))
        both = [(left, other or (left if left in there else _best(theirs)))]
    elif not both:
        both = [(_best(ours), _best(theirs))]
    if ours.run.id == theirs.run.id and any(left == right for left, right in both):
        hint = f"Two of its candidates: {ours.run.id}:{here[0]} {ours.run.id}:{here[-1]}."
        raise InputError("a candidate cannot be compared with itself", hint=hint)
    return both


def _best(loaded: Loaded) -> str:
    name = best_of(summarise(loaded.run, loaded.cases, loaded.samples))
    if not name:
        raise InputError(
            f"the run {loaded.run.id} ranks no candidate as its best",
            hint=f"Name one: {loaded.run.id}:{loaded.run.candidates[0].name}.",
        )
    return name


def wanted_metrics(ours: Loaded, theirs: Loaded, metrics: Sequence[str]) -> list[str]:
    """The names asked for, or all that are in both runs, the primary metric first."""
    here = [metric.name for metric in ours.run.metrics]
    there = {metric.name for metric in theirs.run.metrics}
    for name in metrics:
        if name not in here or name not in there:
            lacking = theirs.run.id if name in here else ours.run.id
            hint = choices(name, there.intersection(here), "Both have")
            raise InputError(f"the run {lacking} has no metric '{name}'", hint=hint)
    if metrics:
        return list(metrics)
    return sorted(here, key=lambda name: name != ours.run.primary)


def pair_of(ours: Loaded, mine: str, theirs: Loaded, other: str, wanted: Sequence[str]) -> Pair:
    """Compare two candidates over the cases that are the same in both runs; not adjusted yet."""
    left, right = _candidate(ours, mine), _candidate(theirs, other)
    here = {metric.name: metric for metric in ours.run.metrics}
    there = {metric.name: metric for metric in theirs.run.metrics}
    grid = paired(ours, mine, theirs, other)
    changes, refused = [], []
    for name in wanted:
        if why := refusal(here[name], there.get(name), theirs.run.id):
            refused.append(f"{name}: {why}")
        else:
            changes.append(change_of(grid, here[name]))
    return Pair(
        first=f"{ours.run.id}:{mine}",
        second=f"{theirs.run.id}:{other}",
        same_prompt=left.prompt.digest == right.prompt.digest,
        same_model=left.model_identity == right.model_identity,
        same_sampling=left.sampling.canonical() == right.sampling.canonical(),
        same_memory=left.memory == right.memory if left.memory or right.memory else None,
        changes=tuple(changes),
        refused=tuple(refused),
        remarks=(*_remarks(ours, mine), *_remarks(theirs, other)),
    )


def _remarks(loaded: Loaded, name: str) -> Iterator[str]:
    """Why a run has less than all outputs of a candidate."""
    run = loaded.run
    if run.status != "complete":
        yield f"{run.id} is {run.status}: only the outputs that it has are compared"
    if name in run.stopped:
        yield (
            f"{run.id} stopped {name} in a race after {run.stopped[name]:,} of"
            f" {len(loaded.cases):,} cases, which leans against it"
        )


def _candidate(loaded: Loaded, name: str) -> Candidate:
    return next(each for each in loaded.run.candidates if each.name == name)

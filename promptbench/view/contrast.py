"""Hold any two runs against each other: two ids in; what changed, and what came of it, out."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass

from promptbench.record import Candidate, Run
from promptbench.report.manifest import brief
from promptbench.run.change import Change
from promptbench.run.compare import Pair, adjusted, pair_of, wanted_metrics
from promptbench.run.pairing import DataDifference, Loaded, data_difference, load
from promptbench.store.database import Store

# A change of so many lines is read in the runs' reports rather than here.
LONGEST = 400
# What of a manifest differs between any two runs, or is told better elsewhere on the page.
UNTOLD = ("command", "prompts")


@dataclass(frozen=True, slots=True)
class Side:
    """A run and where each of its cases stands in its report, counted from 1."""

    run: Run
    places: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Setting:
    """An entry of the manifest that differs, by its top-level `group` and the path within it."""

    group: str
    name: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A prompt in two versions. `lines` are pairs of a sign (" ", "-" or "+") and a line."""

    first: str
    second: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two runs side by side. `pairs` may be empty; `why` then says what is in the way.

    `names` are those of the candidates of each pair, `alone` those of either run that have no
    counterpart.
    """

    first: Side
    second: Side
    shared: int
    data: DataDifference
    settings: tuple[Setting, ...]
    rewrites: tuple[Rewrite, ...]
    names: tuple[tuple[str, str], ...]
    pairs: tuple[Pair, ...]
    alone: tuple[tuple[str, ...], tuple[str, ...]]
    why: str = ""

    @property
    def leads(self) -> tuple[Change | None, ...]:
        """What changed of each pair on the primary metric of the first run; None without it."""
        primary = self.first.run.primary
        return tuple(
            next((each for each in pair.changes if each.metric.name == primary), None)
            for pair in self.pairs
        )


def contrast(store: Store, first: str, second: str) -> Contrast:
    """Compare two runs over the cases that are the same in both, by id and content.

    Candidates are paired by name, the others by prompt and model. Raises InputError if one of the
    runs is not there.
    """
    ours, theirs = load(store, first), load(store, second)
    data = data_difference(ours.cases, theirs.cases)
    shared = len(ours.cases) - len(data.only_first) - len(data.changed)
    matched = counterparts(ours.run.candidates, theirs.run.candidates)
    why = obstacle(ours, theirs, shared, matched)
    return Contrast(
        first=side(ours),
        second=side(theirs),
        shared=shared,
        data=data,
        settings=tuple(settings(ours.run.manifest, theirs.run.manifest)),
        rewrites=tuple(rewrites(matched)),
        names=tuple((one.name, two.name) for one, two in matched),
        pairs=() if why else pairs(ours, theirs, matched),
        alone=alone(ours.run, theirs.run, matched),
        why=why,
    )


def pairs(
    ours: Loaded, theirs: Loaded, matched: Sequence[tuple[Candidate, Candidate]]
) -> tuple[Pair, ...]:
    """Compare each candidate with its counterpart; Holm over all that is told."""
    wanted = wanted_metrics(ours, theirs, ())
    return adjusted([pair_of(ours, a.name, theirs, b.name, wanted) for a, b in matched])


def counterparts(
    ours: Sequence[Candidate], theirs: Sequence[Candidate]
) -> tuple[tuple[Candidate, Candidate], ...]:
    """Who is compared with whom: those of one name, then those of one prompt's name and model."""
    left, right = list(ours), list(theirs)
    found = []
    for key in (_name, _kind):
        there = {key(each): each for each in reversed(right)}
        for each in list(left):
            if other := there.pop(key(each), None):
                found.append((each, other))
                left.remove(each)
                right.remove(other)
    order = {each.name: place for place, each in enumerate(ours)}
    return tuple(sorted(found, key=lambda pair: order[pair[0].name]))


def _name(candidate: Candidate) -> object:
    return candidate.name


def _kind(candidate: Candidate) -> object:
    return candidate.prompt.name, candidate.model


def obstacle(
    ours: Loaded, theirs: Loaded, shared: int, matched: Sequence[tuple[Candidate, Candidate]]
) -> str:
    """Say why nothing can be compared, or nothing."""
    if ours.run.id == theirs.run.id:
        return "This is the same run twice. How its candidates differ is in its report."
    if not shared:
        return (
            "The two runs have no case in common, so no difference between them can be told from"
            " a difference between their cases. Run one suite on the data of the other."
        )
    if not matched:
        return (
            "No candidate of one run has a counterpart in the other: neither the same name, nor"
            " the same prompt and model. promptbench compare RUN:CANDIDATE RUN:CANDIDATE"
            " compares any two."
        )
    return ""


def alone(
    ours: Run, theirs: Run, matched: Sequence[tuple[Candidate, Candidate]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The candidates of either run without a counterpart."""
    paired = [{pair[place].name for pair in matched} for place in (0, 1)]
    first, second = (
        tuple(each.name for each in run.candidates if each.name not in names)
        for run, names in zip((ours, theirs), paired, strict=True)
    )
    return first, second


def side(loaded: Loaded) -> Side:
    """A run and the places of its cases."""
    return Side(loaded.run, {each.id: place for place, each in enumerate(loaded.cases, start=1)})


def settings(first: Mapping[str, object], second: Mapping[str, object]) -> Iterator[Setting]:
    """The entries of two manifests that differ, in the order of the first."""
    for title in dict.fromkeys([*first, *second]):
        if title not in UNTOLD:
            yield from differing(title, (), first.get(title), second.get(title))


def differing(
    group: str, path: tuple[str, ...], first: object, second: object
) -> Iterator[Setting]:
    """What differs within an entry; of a whole part that only one has, how much that is."""
    if first == second:
        return
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in dict.fromkeys([*first, *second]):
            yield from differing(group, (*path, str(key)), first.get(key), second.get(key))
        return
    yield Setting(group, ".".join(path), brief_part(first), brief_part(second))


def brief_part(value: object) -> str:
    """A value in a few words."""
    compound = isinstance(value, Mapping) or (
        isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value)
    )
    if compound and isinstance(value, Sized):
        return "1 entry" if len(value) == 1 else f"{len(value):,} entries"
    return brief(value)


def rewrites(matched: Sequence[tuple[Candidate, Candidate]]) -> Iterator[Rewrite]:
    """The prompts of counterparts that are not the same, each pair of them once."""
    seen = set()
    for ours, theirs in matched:
        one, two = ours.prompt, theirs.prompt
        if one.digest == two.digest or (one, two) in seen:
            continue
        seen.add((one, two))
        lines = tuple(changed_lines(one.source, two.source))
        yield Rewrite(one.name, two.name, lines[:LONGEST])


def changed_lines(first: str, second: str) -> Iterator[tuple[str, str]]:
    """The lines of two texts, each with what became of it; without a change only in a parent."""
    for line in difflib.ndiff(first.splitlines(), second.splitlines()):
        if line[0] in " -+":
            yield line[0], line[2:]

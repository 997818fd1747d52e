"""The prompts of a run: their marked sources, what they are made of, how they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from promptbench.record import Prompt, Run
from promptbench.report.makeup import Makeup, Makeups, makeups, section_names
from promptbench.report.revision import Diff, diff
from promptbench.report.sourcecode import Stretch, colours_of, stretches

# So many prompts are compared each with each; more of them only with the first.
MOST_IN_PAIRS = 6
# Beyond so many diffs a page would hold more of them than anyone reads.
MOST_PAIRS = 40
# A prompt with other examples for every candidate is told of so many of them.
MOST_MAKEUPS = 4


@dataclass(frozen=True, slots=True)
class Earlier:
    """The last version of a prompt before the run's, and the run that used it."""

    prompt: Prompt
    run: str
    created: str


@dataclass(frozen=True, slots=True)
class Revised:
    """An earlier version and what has changed since."""

    earlier: Earlier
    diff: Diff


@dataclass(frozen=True, slots=True)
class UsedPrompt:
    """A prompt and the candidates that use it. `more` makeups are left out of `makeups`."""

    prompt: Prompt
    candidates: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    makeups: tuple[Makeup, ...]
    more: int
    revised: Revised | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two prompts of the run, and what the second has in place of what the first has."""

    first: str
    second: str
    diff: Diff


@dataclass(frozen=True, slots=True)
class Prompts:
    """All that the page tells of prompts.

    `colours` are the blocks', by name; `looked` says that earlier versions were looked for.
    """

    used: tuple[UsedPrompt, ...]
    makeups: Makeups | None
    pairs: tuple[Pair, ...]
    colours: Mapping[str, int]
    looked: bool


def prompts_of(run: Run, earlier: Mapping[str, Earlier] | None = None) -> Prompts:
    """Gather it; `earlier` are versions from runs before, by name, None if nobody looked."""
    users: dict[Prompt, list[str]] = {}
    for candidate in run.candidates:
        users.setdefault(candidate.prompt, []).append(candidate.name)
    colours = colours_of(users, section_names(run))
    found = makeups(run, colours)
    return Prompts(
        used=tuple(
            _used(prompt, names, colours, found, (earlier or {}).get(prompt.name))
            for prompt, names in users.items()
        ),
        makeups=found,
        pairs=tuple(_pairs(list(users), first_only="ablation" in run.manifest)),
        colours=colours,
        looked=earlier is not None,
    )


def _used(
    prompt: Prompt,
    names: Sequence[str],
    colours: Mapping[str, int],
    found: Makeups | None,
    earlier: Earlier | None,
) -> UsedPrompt:
    mine = found.of_candidates(names) if found else ()
    return UsedPrompt(
        prompt=prompt,
        candidates=tuple(names),
        stretches=stretches(prompt.source, colours),
        makeups=mine[:MOST_MAKEUPS],
        more=len(mine[MOST_MAKEUPS:]),
        revised=Revised(earlier, diff(earlier.prompt.source, prompt.source)) if earlier else None,
    )


def _pairs(prompts: Sequence[Prompt], *, first_only: bool) -> Iterator[Pair]:
    every = not first_only and len(prompts) <= MOST_IN_PAIRS
    pairs = combinations(prompts, 2) if every else ((prompts[0], other) for other in prompts[1:])
    for place, (first, second) in enumerate(pairs):
        if place == MOST_PAIRS:
            return
        yield Pair(first.name, second.name, diff(first.source, second.source))

"""What a run's prompts are made of: token counts of its manifest in, tables and bars out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptbench.record import Run


@dataclass(frozen=True, slots=True)
class Portion:
    """A section: its tokens a prompt, and what of them lies in no inner section.

    `depth` 0 is a message or the chat template. `share` is of the whole prompt, from 0 to 1.
    `colour` is None for what is no block. `start` and `width` place the own tokens on a bar, in
    per cent of the longest prompt's.
    """

    name: str
    depth: int
    mean: float
    low: int
    high: int
    share: float
    colour: int | None
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Makeup:
    """The sections of what some candidates send, the same for all of them; in tokens a prompt."""

    candidates: tuple[str, ...]
    mean: float
    low: int
    high: int
    portions: tuple[Portion, ...]


@dataclass(frozen=True, slots=True)
class Makeups:
    """All of a run, counted on `cases` of `of`."""

    cases: int
    of: int
    each: tuple[Makeup, ...]

    def of_candidates(self, names: Sequence[str]) -> tuple[Makeup, ...]:
        """Those that some candidates share in."""
        return tuple(one for one in self.each if set(one.candidates) & set(names))


def section_names(run: Run) -> list[str]:
    """The sections that hold tokens of their own, in order; no name of a chat template."""
    found: Mapping[str, Any] = run.manifest.get("sections") or {}
    rows = [row for one in found.get("candidates", {}).values() for row in one["sections"]]
    # No block can have a name with a space.
    return list(dict.fromkeys(name for _, name, *_, own in rows if own > 0 and " " not in name))


def makeups(run: Run, colours: Mapping[str, int]) -> Makeups | None:
    """Read the counts; None for a run that has none."""
    found: Mapping[str, Any] = run.manifest.get("sections") or {}
    told: Mapping[str, Any] = found.get("candidates", {})
    counted = {each.name: told[each.name] for each in run.candidates if each.name in told}
    if not counted:
        return None
    longest = max(one["total"][0] for one in counted.values()) or 1.0
    alike: dict[str, list[str]] = {}
    for name, one in counted.items():
        alike.setdefault(repr(one), []).append(name)
    return Makeups(
        cases=found["cases"],
        of=found["of"],
        each=tuple(_makeup(names, counted[names[0]], colours, longest) for names in alike.values()),
    )


def _makeup(
    names: Sequence[str], one: Mapping[str, Any], colours: Mapping[str, int], longest: float
) -> Makeup:
    mean, low, high = one["total"]
    return Makeup(tuple(names), mean, low, high, tuple(_portions(one, colours, longest)))


def _portions(
    one: Mapping[str, Any], colours: Mapping[str, int], longest: float
) -> Iterator[Portion]:
    start = 0.0
    total = one["total"][0] or 1.0
    for depth, name, mean, low, high, own in one["sections"]:
        width = 100 * max(own, 0.0) / longest
        yield Portion(
            name, depth, mean, low, high, mean / total, colours.get(name), round(start, 3), width
        )
        start += width

"""Say where scores differ, in cases, prompts, training seeds or repeats: a run in, shares out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptbench.record import Candidate, MetricInfo, Run
from promptbench.report.grid import Grid, value
from promptbench.report.number import listing
from promptbench.stats.components import Component, Observation, components

HALF = 0.5
# A share below this is not worth a remark.
LITTLE = 0.05

NAMES = {
    "case": "cases",
    "wording": "prompts",
    "seed": "training seeds",
    "interplay": "what suits which case",
    "repeat": "repeats",
}
REST = "what suits which case, and chance"
MEANINGS = {
    "cases": "between cases: some are harder than others, whatever the prompt",
    "prompts": "between prompts: the wording matters more than which case is asked",
    "training seeds": "between training seeds: a claim about training needs more of them",
    "what suits which case": "in what suits which case: none is better throughout, so it takes"
    " many cases to tell which is better on average",
    "repeats": "between repeats of the same request: more repeats of a case make its score surer",
    REST: "in what suits which case, or chance, which only repeats could tell apart",
}


@dataclass(frozen=True, slots=True)
class Source:
    """What scores may differ by: its name and its share of the variance.

    `levels` is how many there were of it, 0 where that says nothing.
    """

    name: str
    levels: int
    share: float
    variance: float


@dataclass(frozen=True, slots=True)
class Variance:
    """Where the scores of some candidates differ, in shares that add up to 1, the largest first.

    `candidates` differ in prompt or training seed alone; `title` is their model. `reading` says
    what it means.
    """

    title: str
    candidates: tuple[str, ...]
    sources: tuple[Source, ...]
    reading: str


def variances(run: Run, grid: Grid, primary: MetricInfo) -> tuple[Variance, ...]:
    """Split the variance of the primary metric, for candidates of one model and way of sampling.

    A curve's models that are the same but for their training seed count as one. Nothing comes back
    where there is no second source beside the cases, for a pooled metric, and where the sources
    cannot be told apart. What a race stopped is left out, and so are prompts with drawn examples.
    """
    if primary.pool:
        return ()
    groups: dict[tuple[str, str], list[Candidate]] = {}
    arms = _arms(run)
    for candidate in run.candidates:
        family = candidate.model
        if arm := arms.get(candidate.name):
            if arm.get("shots"):
                continue
            family = arm["group"] if arm["kind"] == "tune" else family
        sampling = repr(sorted(candidate.sampling.canonical().items()))
        if candidate.name not in run.stopped:
            groups.setdefault((family, sampling), []).append(candidate)
    several = len({family for family, _ in groups}) < len(groups)
    found = (
        _variance(family, members, grid, primary, named=several)
        for (family, _), members in groups.items()
    )
    return tuple(each for each in found if each)


def _arms(run: Run) -> dict[str, Mapping[str, Any]]:
    """The arms of a curve by their candidate; empty for any other run."""
    said = run.manifest.get("curve") or {}
    return {arm["candidate"]: arm for arm in said.get("arms", ())}


def _variance(
    family: str, members: Sequence[Candidate], grid: Grid, primary: MetricInfo, *, named: bool
) -> Variance | None:
    """One group's; `named` says that the model alone does not tell it from the others."""
    rows = list(_observations(members, grid, primary))
    try:
        parts = components(rows)
    except ValueError:
        return None
    names = tuple(member.name for member in members)
    again = len(rows) > len({(row.case, row.wording, row.seed) for row in rows})
    if len(parts) < (2 if again else 3) or not sum(part.variance for part in parts):
        return None
    drawn = any(each.sampling.temperature > 0 and not each.sampling.choice for each in members)
    named_parts = (_source(part, repeated=again, drawn=drawn) for part in parts)
    sources = sorted(named_parts, key=lambda each: -each.share)
    title = f"{family}: {listing(names)}" if named else family
    return Variance(title, names, tuple(sources), _reading(sources))


def _observations(
    members: Sequence[Candidate], grid: Grid, primary: MetricInfo
) -> Iterator[Observation]:
    for member in members:
        for sample in grid.samples(member.name):
            found = value(sample, primary.name)
            if found is not None:
                wording, seed = member.prompt.name, member.model
                yield Observation(sample.case_id, sample.repeat, wording, seed, found)


def _source(part: Component, *, repeated: bool, drawn: bool) -> Source:
    """Name a source. Without repeats, what is left is the interplay, and chance if any is drawn."""
    name = NAMES[part.source]
    if part.source == "repeat" and not repeated:
        name = REST if drawn else NAMES["interplay"]
    counted = part.source in ("case", "wording", "seed")
    return Source(name, part.levels if counted else 0, part.share, part.variance)


def _reading(sources: Sequence[Source]) -> str:
    """What the largest share means, and which sources add little."""
    first = sources[0]
    much = "Most" if first.share > HALF else "The largest part"
    text = f"{much} of the variation is {MEANINGS[first.name]}."
    small = {each.name for each in sources if each.share < LITTLE}
    if first.name == "cases" and "repeats" in small:
        text += " More cases help more than more repeats."
    elif first.name == "cases":
        text += " More cases help most."
    for name in ("prompts", "training seeds"):
        if name in small:
            text += f" On average the {name} hardly differ."
    return text

"""Tone rules in a chat: who was spoken to how, whether it was kept to, what it did to scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from promptbench.metric.tone import mood_of
from promptbench.record import Candidate, MetricInfo, Run, Sample, Seen, Turn
from promptbench.report.comparison import SIGNIFICANT, lead
from promptbench.report.course import Point
from promptbench.report.grid import Grid, value
from promptbench.report.number import fixed
from promptbench.report.recollection import scored
from promptbench.stats.paired import Difference, holm

BOUNDS = {
    "tone_at_least": "tone from {} on",
    "tone_at_most": "tone up to {}",
    "words_at_least": "{} words at least",
    "words_at_most": "{} words at most",
    "sentences_at_most": "{} sentences at most",
}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a candidate's replies were under a rule: mean tone of `replies`, share that kept it."""

    candidate: str
    tone: float | None
    replies: int
    kept: Point | None


@dataclass(frozen=True, slots=True)
class Ruled:
    """A tone rule: what it says and expects, in words; the turns of users that chose it.

    `mood` is the mean of what they said, None where nobody chose it.
    """

    name: str
    say: str
    expected: str
    turns: int
    mood: float | None
    manners: tuple[Manner, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """A metric of one that was told the instructions, less that of one that was not."""

    told: str
    untold: str
    metric: MetricInfo
    difference: Difference | None
    p_holm: float

    @property
    def shown(self) -> bool:
        """Whether both p-value and interval say that there is a difference."""
        found = self.difference
        return found is not None and self.p_holm < SIGNIFICANT and (found.low > 0 or found.high < 0)


@dataclass(frozen=True, slots=True)
class Moods:
    """All tone rules of a chat; `measured` says whether it has the metric tone_kept."""

    rules: tuple[Ruled, ...]
    measured: bool
    effects: tuple[Effect, ...]


def moods(run: Run, grid: Grid, turns: Sequence[Turn], prompts: Mapping[str, Seen]) -> Moods | None:
    """Work it out; None where no turn chose a rule."""
    facts = rules_of(run, grid, turns)
    if not facts:
        return None
    return Moods(
        tuple(ruled(run, grid, turns, name, each) for name, each in facts.items()),
        metric_of(run, "tone_kept") is not None,
        effects(run, grid, told_ones(run, grid, facts, prompts)),
    )


def rules_of(run: Run, grid: Grid, turns: Sequence[Turn]) -> dict[str, Mapping[str, Any]]:
    """The suite's rules by name in their order, and what else turns name; {} if none was chosen."""
    used = dict.fromkeys(turn.rule for turn in turns if turn.rule)
    if not used:
        return {}
    stated = list(run.manifest.get("chat", {}).get("tone", ()))
    stated += [case.variables["rule"] for case in grid.cases if case.variables.get("rule")]
    known = {str(rule["name"]): rule for rule in reversed(stated)}
    order = dict.fromkeys([*(str(rule["name"]) for rule in stated), *used])
    return {name: known.get(name, {}) for name in order}


def ruled(
    run: Run,
    grid: Grid,
    turns: Sequence[Turn],
    name: str,
    facts: Mapping[str, Any],
) -> Ruled:
    """One rule. What users say may differ by candidate where a model plays them."""
    chosen = [turn for turn in turns if turn.rule == name]
    said = {(t.dialogue, t.number, t.user): t.mood for t in chosen}
    return Ruled(
        name,
        str(facts.get("say", "")),
        expected(facts.get("expect") or {}),
        len(said),
        mean(list(said.values())),
        tuple(manner(run, each.name, grid, chosen) for each in run.candidates),
    )


def manner(run: Run, candidate: str, grid: Grid, chosen: Sequence[Turn]) -> Manner:
    """A candidate's replies in the checked turns that chose a rule."""
    cells = {(t.case_id, t.repeat) for t in chosen if t.candidate == candidate and t.case_id}
    ids = {case for case, _ in cells}
    part = replace(grid, cases=tuple(case for case in grid.cases if case.id in ids))
    kept, tone = metric_of(run, "tone_kept"), metric_of(run, "tone")
    there = [s for s in part.samples(candidate) if (s.case_id, s.repeat) in cells]
    found = [each for sample in there if (each := tone_of(sample, tone)) is not None]
    return Manner(
        candidate, mean(found), len(found), scored(candidate, kept, part) if kept else None
    )


def metric_of(run: Run, name: str) -> MetricInfo | None:
    """The metric of a run that is called so in the registry, whatever the suite calls it."""
    return next((each for each in run.metrics if each.settings.get("metric") == name), None)


def tone_of(sample: Sample, measured: MetricInfo | None) -> float | None:
    """The tone of an output, -1 to 1, as its metric has it already; None without a text."""
    if measured:
        return value(sample, measured.name)
    done = sample.completion
    return mood_cached(done.text) if done and not done.error and done.text.strip() else None


@cache
def mood_cached(text: str) -> float:
    """The tone of a text, worked out once."""
    return mood_of(text)


def told_ones(
    run: Run, grid: Grid, facts: Mapping[str, Mapping[str, Any]], prompts: Mapping[str, Seen]
) -> set[str]:
    """The candidates in whose prompts the instruction of a turn's rule stood as it is."""
    says = [str(each["say"]) for each in facts.values() if each.get("say")]
    if not says:
        return set()

    def was_told(sample: Sample) -> bool:
        seen = prompts.get(sample.completion.key) if sample.completion else None
        said = (message.text for message in seen.messages) if seen else ()
        return any(say in text for text in said for say in says)

    return {each.name for each in run.candidates if any(map(was_told, grid.samples(each.name)))}


def effects(run: Run, grid: Grid, told: set[str]) -> tuple[Effect, ...]:
    """Everyone who was told against those of the same model and memory who were not."""
    pairs = [
        (one, other, metric)
        for one in run.candidates
        for other in run.candidates
        if one.name in told and other.name not in told and alike(one, other)
        for metric in run.metrics
    ]
    found = [plain(lead(one.name, other.name, grid, m), m) for one, other, m in pairs]
    adjusted = holm([each.p_value if each else math.nan for each in found])
    return tuple(
        Effect(one.name, other.name, metric, difference, p_holm)
        for (one, other, metric), difference, p_holm in zip(pairs, found, adjusted, strict=True)
    )


def alike(one: Candidate, other: Candidate) -> bool:
    """Whether two differ in nothing but their prompt."""
    ours, theirs = ((c.model, c.memory, c.sampling) for c in (one, other))
    return ours == theirs


def plain(found: Difference | None, metric: MetricInfo) -> Difference | None:
    """The first less the second, whichever direction is better."""
    if found is None or metric.direction != "lower":
        return found
    return replace(found, mean=-found.mean, low=-found.high, high=-found.low)


def expected(facts: Mapping[str, Any]) -> str:
    """What replies under a rule should be like, in words."""
    parts = [
        words.format(fixed(facts[key], 1 if "tone" in key else 0))
        for key, words in BOUNDS.items()
        if key in facts
    ]
    if facts.get("says"):
        parts.append(f"says {either(facts['says'])}")
    if facts.get("never"):
        parts.append(f"never says {either(facts['never'])}")
    return "; ".join(parts)


def either(words: Sequence[str]) -> str:
    """Write `a`, `a or b`, `a, b or c`."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def shares(kept: Point) -> str:
    """The interval of a share, in per cent."""
    if not (math.isfinite(kept.low) and math.isfinite(kept.high)):
        return "no interval"
    return f"{fixed(100 * kept.low, 0)}% to {fixed(100 * kept.high, 0)}%"


def mean(values: Sequence[float]) -> float | None:
    """The mean; None without a value."""
    return math.fsum(values) / len(values) if values else None

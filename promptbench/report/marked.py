"""Mark the facts of outputs for the page: a run and its grid in, spans of each output out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from promptbench.metric.fact import FactKind, find_facts
from promptbench.metric.held import Held, held
from promptbench.metric.source import source_of
from promptbench.record import Case, Run
from promptbench.report.grid import Grid
from promptbench.report.offset import in_utf16

Span = tuple[int, int, int]
Place = tuple[str, str, int]
"""Candidate, case and repeat."""

METRICS = ("invented_facts", "kept_facts")
INVENTED, HELD, KEPT = range(3)


@dataclass(frozen=True, slots=True)
class Rule:
    """Which facts count, and the variable that they are looked up in (empty: all of them)."""

    kinds: frozenset[FactKind] | None
    of: str


def mark_facts(run: Run, grid: Grid) -> dict[Place, list[Span]]:
    """The facts of every output of a run that has a metric of facts: [start, end, what it is).

    Places count UTF-16 units. A fact is INVENTED if the case's input does not hold it, HELD if it
    does, KEPT if a reference holds it too.
    """
    rule = rule_of(run)
    if rule is None:
        return {}
    return {
        place: spans
        for case in grid.cases
        for place, spans in _case(case, rule, run, grid)
        if spans
    }


def rule_of(run: Run) -> Rule | None:
    """How a run's metrics look at facts; None if none does."""
    settings = [one.settings for one in run.metrics if one.settings.get("metric") in METRICS]
    if not settings:
        return None
    several: list[list[FactKind]] = [one.get("kinds") or [] for one in settings]
    kinds = frozenset(kind for one in several for kind in one) if all(several) else None
    named = [str(one["of"]) for one in settings if one.get("of")]
    return Rule(kinds, named[0] if named else "")


def _case(case: Case, rule: Rule, run: Run, grid: Grid) -> Iterator[tuple[Place, list[Span]]]:
    """The marks of all outputs of one case: its input is read once, and the same output too."""
    source = held(source_of(case, rule.of))
    references = [held(text) for text in case.references]
    done: dict[str, list[Span]] = {}
    for candidate in run.candidates:
        for sample in grid.cells[candidate.name, case.id]:
            if sample.completion is not None and not sample.completion.error:
                text = sample.completion.text
                if text not in done:
                    done[text] = spans_of(text, rule.kinds, source, references)
                yield (candidate.name, case.id, sample.repeat), done[text]


def spans_of(
    text: str, kinds: frozenset[FactKind] | None, source: Held, references: list[Held]
) -> list[Span]:
    """The facts of one text, in their order."""
    facts = [fact for fact in find_facts(text) if kinds is None or fact.kind in kinds]
    what = [
        INVENTED
        if not source.holds(fact)
        else KEPT
        if any(one.holds(fact) for one in references)
        else HELD
        for fact in facts
    ]
    starts = in_utf16(text, [fact.start for fact in facts])
    ends = in_utf16(text, [fact.end for fact in facts])
    return list(zip(starts, ends, what, strict=True))

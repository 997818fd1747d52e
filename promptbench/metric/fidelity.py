"""Set the facts of an output against its input and its references: invented ones, kept ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from promptbench.metric.fact import Fact, FactKind, find_facts
from promptbench.metric.held import held
from promptbench.metric.protocol import NO_REFERENCE
from promptbench.metric.setting import MetricSettings, shown
from promptbench.metric.source import SourceSettings, no_source, source_of
from promptbench.record import Case, Completion, MetricInfo, Score

FACTS = (
    "Facts are numbers, amounts, dates, times of day, capitalised names, e-mail addresses and"
    " links of an English text, found by rules; each counts once. Two writings of one fact are"
    " equal: 1,000 and 1000, 3 pm and 15:00, March 5 and 2001-03-05."
)
INVENTED = (
    "Share of the output's facts that its input does not hold, 0 to 1, lower is better; 0 where"
    " the output has no facts, so that an empty output is not punished here. After the entity"
    f" precision of Nan et al. 2021 (Entity-level Factual Consistency), turned round. {FACTS}"
)
KEPT = (
    "Share of a reference's facts that the output holds, 0 to 1, higher is better; best of"
    " references, unscored where none has facts. After the entity recall of Nan et al. 2021"
    f" (Entity-level Factual Consistency). {FACTS}"
)
NO_FACTS = "no reference has facts"
LISTED = 5

Kinds = Annotated[list[FactKind], Field(min_length=1)]


class KeptSettings(MetricSettings):
    """Which facts count."""

    kinds: Kinds | None = Field(
        default=None,
        description="Kinds of facts that count: name, number, amount, date, time, email, link;"
        " without it all.",
    )


class InventedSettings(KeptSettings, SourceSettings):
    """Which facts count, and what they are looked for in."""


@dataclass(frozen=True, slots=True)
class InventedFacts:
    """The share of the output's facts that its input does not hold."""

    info: MetricInfo
    settings: InventedSettings
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """Score from 0 to 1, the reason naming what is invented; unscored without an input."""
        source = source_of(case, self.settings.of)
        if not source.strip():
            return Score(self.info.name, None, no_source(case, self.settings.of))
        facts = facts_of(completion.text, self.settings.kinds)
        invented = [fact for fact in facts if not held(source).holds(fact)]
        share = len(invented) / len(facts) if facts else 0.0
        return Score(self.info.name, share, listed("not in the input", invented))


@dataclass(frozen=True, slots=True)
class KeptFacts:
    """The share of a reference's facts that the output holds."""

    info: MetricInfo
    settings: KeptSettings
    needs_references: bool = True

    def score(self, completion: Completion, case: Case) -> Score:
        """Score from 0 to 1, the reason naming what the best reference has and the output lacks."""
        if not case.references:
            return Score(self.info.name, None, NO_REFERENCE)
        found = [facts_of(one, self.settings.kinds) for one in case.references]
        known = held(completion.text)
        rated = [([one for one in facts if not known.holds(one)], len(facts)) for facts in found]
        rated = [one for one in rated if one[1]]
        if not rated:
            return Score(self.info.name, None, NO_FACTS)
        missing, total = min(rated, key=lambda one: len(one[0]) / one[1])
        return Score(self.info.name, 1 - len(missing) / total, listed("not kept", missing))


def facts_of(text: str, kinds: list[FactKind] | None) -> list[Fact]:
    """The different facts of a text, in the order in which they first come."""
    facts = {(one.kind, one.normal): one for one in reversed(find_facts(text))}
    return [one for one in reversed(facts.values()) if not kinds or one.kind in kinds]


def listed(what: str, facts: Iterable[Fact]) -> str:
    """Facts in words, as in `not in the input: 'Bob', '5 pm'`; nothing where there are none."""
    texts = [repr(fact.text) for fact in facts]
    more = f" and {len(texts) - LISTED} more" if len(texts) > LISTED else ""
    return f"{what}: {', '.join(texts[:LISTED])}{more}" if texts else ""


def build_invented(settings: InventedSettings) -> InventedFacts:
    """Facts that come from nowhere."""
    label = f"invented facts{_kinds(settings)}"
    info = MetricInfo(
        name=settings.name,
        label=label + (f", of {settings.of}" if settings.of else ""),
        direction="lower",
        settings=shown("invented_facts", settings),
        description=INVENTED,
    )
    return InventedFacts(info, settings)


def build_kept(settings: KeptSettings) -> KeptFacts:
    """Facts that a reference found worth telling."""
    info = MetricInfo(
        name=settings.name,
        label=f"kept facts{_kinds(settings)}, best of references",
        direction="higher",
        settings=shown("kept_facts", settings),
        description=KEPT,
    )
    return KeptFacts(info, settings)


def _kinds(settings: KeptSettings) -> str:
    """The kinds that count, for a label."""
    return f" ({', '.join(settings.kinds)})" if settings.kinds else ""

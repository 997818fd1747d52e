"""Whether a reply keeps to the tone rule that its user's mood chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from promptbench.metric.phrase import beginning, even
from promptbench.metric.sentence import split_sentences
from promptbench.metric.setting import MetricSettings, shown
from promptbench.metric.tone import mood_of
from promptbench.record import Case, Completion, MetricInfo, Score

NO_RULE = "no tone rule was chosen for this turn"
EMPTY = "the reply is empty"
LISTED = 3
ABOUT = (
    "1 if a reply keeps all that the tone rule of its turn expects, higher is better; turns whose"
    " rule expects nothing are unscored, an empty reply has 0. Its tone is the mean of its"
    " sentences' by VADER (see the metric tone; English), words are what white space separates,"
    " sentences are sentencex's, and of `says` and `never` the last word may go on: apolog is found"
    " in apologise. It knows a tone by its words alone: irony, and an apology for the wrong thing,"
    " pass."
)


class MannerSettings(MetricSettings):
    """The rules stand in the suite, under `tone`: there are no settings."""


@dataclass(frozen=True, slots=True)
class Manner:
    """1 if a reply keeps to its tone rule; else 0. `parts` of a score hold the reply's tone."""

    info: MetricInfo
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """Score 1 or 0, the reason naming what was not kept; unscored where nothing is expected."""
        name, rule = self.info.name, case.variables.get("rule") or {}
        expected = rule.get("expect") if isinstance(rule, Mapping) else None
        if not rule:
            return Score(name, None, NO_RULE)
        if not expected:
            return Score(name, None, "the tone rule of this turn expects nothing")
        text = completion.text
        if not text.strip():
            return Score(name, 0.0, EMPTY, (0.0,))
        tone = mood_of(text)
        broken = "; ".join(_broken(text, tone, expected))
        return Score(name, float(not broken), broken, (tone,))


def _broken(text: str, tone: float, expected: Mapping[str, Any]) -> Iterator[str]:
    """What a reply does not keep, in words."""
    yield from _outside(f"tone {tone:.2f}", tone, expected, "tone")
    words = len(text.split())
    yield from _outside(f"{words} words", words, expected, "words")
    if "sentences_at_most" in expected:
        sentences = len(split_sentences(text, "en"))
        yield from _outside(f"{sentences} sentences", sentences, expected, "sentences")
    says, never = expected.get("says") or [], expected.get("never") or []
    plain = even(text)
    if says and not beginning(says).search(plain):
        more = ", ..." if len(says) > LISTED else ""
        yield f"says none of {', '.join(map(repr, says[:LISTED]))}{more}"
    found = beginning(never).search(plain) if never else None
    if found:
        yield f"says {found[0]!r}"


def _outside(what: str, value: float, expected: Mapping[str, Any], kind: str) -> Iterator[str]:
    """The bound that a value does not keep."""
    low, high = expected.get(f"{kind}_at_least"), expected.get(f"{kind}_at_most")
    if low is not None and value < low:
        yield f"{what}, at least {low:g} expected"
    if high is not None and value > high:
        yield f"{what}, at most {high:g} expected"


def build_manner(settings: MannerSettings) -> Manner:
    """Replies in the tone that the suite asks for."""
    info = MetricInfo(
        name=settings.name,
        label="keeps to the tone rule",
        direction="higher",
        binary=True,
        settings=shown("tone_kept", settings),
        description=ABOUT,
    )
    return Manner(info)

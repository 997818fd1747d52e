"""Match: whether a text equals, contains or is described by what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import regex
from pydantic import Field, field_validator

from promptbench.metric.protocol import NO_REFERENCE
from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Completion, MetricInfo, Score
from promptbench.suite.pattern import compiled

Phrases = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class ExactSettings(MetricSettings):
    """What `exact` overlooks; punctuation always counts."""

    strip: bool = Field(default=True, description="Overlook white space around the text.")
    lowercase: bool = Field(default=False, description="Overlook upper and lower case.")


class ContainsSettings(MetricSettings):
    """What `contains` looks for; without a list, for any of the case's references."""

    any: Phrases | None = Field(default=None, description="At least one of these must occur.")
    all: Phrases | None = Field(default=None, description="Each of these must occur.")
    none: Phrases | None = Field(default=None, description="None of these may occur.")
    case_sensitive: bool = Field(default=False, description="Tell upper from lower case.")


class RegexSettings(MetricSettings):
    """What `regex` looks for."""

    pattern: str = Field(
        max_length=2000,
        description="A pattern of the Python package regex; flags go inside, such as (?i).",
    )
    full: bool = Field(default=False, description="The whole text must match, not a part of it.")
    timeout: float = Field(default=1.0, gt=0, le=10, description="Seconds that a text may take.")

    @field_validator("pattern")
    @classmethod
    def compiles(cls, pattern: str) -> str:
        """Refuse what is no pattern while its place in the suite is known."""
        compiled(pattern)
        return pattern


@dataclass(frozen=True, slots=True)
class Exact:
    """1 if the text equals a reference, both normalised as the label says; else 0."""

    info: MetricInfo
    settings: ExactSettings
    needs_references: bool = True

    def score(self, completion: Completion, case: Case) -> Score:
        """Score 1 or 0; unscored without references. An empty reference matches an empty text."""
        text = completion.text
        if not case.references:
            return Score(self.info.name, None, NO_REFERENCE)
        wanted = {self._normal(reference) for reference in case.references}
        return Score(self.info.name, float(self._normal(text) in wanted))

    def _normal(self, text: str) -> str:
        """The text without what is overlooked."""
        text = text.strip() if self.settings.strip else text
        return text.lower() if self.settings.lowercase else text


@dataclass(frozen=True, slots=True)
class Contains:
    """1 if the text contains what the lists ask for, or without lists any reference; else 0."""

    info: MetricInfo
    settings: ContainsSettings
    needs_references: bool

    def score(self, completion: Completion, case: Case) -> Score:
        """Score 1 or 0; without lists, unscored where no reference has any text.

        A reference is stripped of white space around it; the phrases of a list are taken as given.
        """
        text = completion.text
        wanted = self.settings.any or ()
        if self.needs_references:
            wanted = [one.strip() for one in case.references if one.strip()]
            if not wanted:
                return Score(self.info.name, None, NO_REFERENCE)
        text = self._normal(text)
        kept = (
            not wanted or any(self._normal(one) in text for one in wanted),
            all(self._normal(one) in text for one in self.settings.all or ()),
            not any(self._normal(one) in text for one in self.settings.none or ()),
        )
        return Score(self.info.name, float(all(kept)))

    def _normal(self, text: str) -> str:
        """The text without what is overlooked."""
        return text if self.settings.case_sensitive else text.casefold()


@dataclass(frozen=True, slots=True)
class Regex:
    """1 if a pattern matches the text; else 0."""

    info: MetricInfo
    settings: RegexSettings
    pattern: regex.Pattern[str]
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """Score 1 or 0; unscored where the pattern needs longer than its timeout."""
        text = completion.text
        find = self.pattern.fullmatch if self.settings.full else self.pattern.search
        try:
            found = find(text, timeout=self.settings.timeout)
        except TimeoutError:
            reason = f"the pattern took longer than {self.settings.timeout:g} s"
            return Score(self.info.name, None, reason)
        return Score(self.info.name, float(found is not None))


def build_exact(settings: ExactSettings) -> Exact:
    """Equality with a reference."""
    space = "outer space ignored" if settings.strip else "outer space counts"
    case = "case ignored" if settings.lowercase else "case counts"
    about = "1 if the text equals any reference. Punctuation and inner white space count."
    return Exact(_info("exact", settings, f"exact match, {space}, {case}", about), settings)


def build_contains(settings: ContainsSettings) -> Contains:
    """Occurrence of phrases, or of a reference, anywhere in the text: also inside a word."""
    lists = {"any": settings.any, "all": settings.all, "none": settings.none}
    asked = [f"{word} of {_phrases(found)}" for word, found in lists.items() if found]
    case = "case counts" if settings.case_sensitive else "case ignored"
    label = f"contains {', '.join(asked) or 'a reference'}, {case}"
    about = "1 if the phrases asked for occur in the text, also inside a word."
    return Contains(_info("contains", settings, label, about), settings, not asked)


def build_regex(settings: RegexSettings) -> Regex:
    """A match of a pattern, limited in time."""
    verb = "fully matches" if settings.full else "matches"
    label = f"{verb} {_short(settings.pattern)}"
    about = "1 if the pattern matches, by the Python package regex."
    return Regex(_info("regex", settings, label, about), settings, compiled(settings.pattern))


def _info(metric: str, settings: MetricSettings, label: str, description: str) -> MetricInfo:
    """The description of a binary metric, higher being better."""
    return MetricInfo(
        name=settings.name,
        label=label,
        direction="higher",
        binary=True,
        settings=shown(metric, settings),
        description=description,
    )


def _phrases(phrases: list[str]) -> str:
    """A list as a label can show it; the settings hold it in full."""
    return repr(_short(phrases[0])) if len(phrases) == 1 else f"{len(phrases)} phrases"


def _short(text: str, limit: int = 40) -> str:
    """The beginning of a text, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 3]}..."

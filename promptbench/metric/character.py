"""Whether a reply stays in character: no talk of being a program, and no other name."""

from __future__ import annotations

from dataclasses import dataclass

import regex
from pydantic import Field

from promptbench.metric.breach import find_breach
from promptbench.metric.match import Phrases
from promptbench.metric.phrase import even, whole
from promptbench.metric.setting import MetricSettings, shown
from promptbench.metric.title import find_names, plain_name
from promptbench.record import Case, Completion, MetricInfo, Score

ABOUT = (
    "1 if the reply does not break its persona, higher is better: it does not speak of itself as a"
    " model or program in the phrases known of English assistants (as an AI, I'm just a computer"
    " program, my training data, OpenAI, ...), says none of `never`, and where it introduces itself"
    " (my name is, I am, call me, before a capitalised name) it gives the name in `persona`. A"
    " breach in other words or another language is not found, and style, knowledge and facts of the"
    " persona are not judged. Who speaks of OpenAI or ChatGPT as a topic breaks it too; a name that"
    " is also a common English word is only seen where words.txt leaves it out."
)
INTRODUCTION = regex.compile(
    r"(?<![\w\"\u201c'])(?i:my name(?:'s| is)|I(?:'m| am)(?: called| named)?|call me)"
    r" (?=\p{Lu}|\p{Ll}{1,2}\p{Lu})"
)
# Capitalised, and yet no name: "I am French".
PEOPLES = (
    "african american arab argentinian asian australian austrian belgian brazilian british buddhist"
    " bulgarian canadian catholic chinese christian croatian cuban czech danish dutch egyptian"
    " english estonian european finnish french german greek hindu hungarian indian indonesian"
    " iranian irish israeli italian japanese jewish kenyan korean latvian lithuanian mexican"
    " moroccan muslim nigerian norwegian polish portuguese protestant romanian russian scottish"
    " serbian slovak slovenian spanish swedish swiss thai turkish ukrainian vietnamese welsh"
)
NO_NAMES = frozenset(PEOPLES.split())


class CharacterSettings(MetricSettings):
    """What the persona would not say, and what it is called."""

    never: Phrases | None = Field(
        default=None, description="Further phrases that break the persona, as whole words."
    )
    # Not `name`, which every metric has for its own name in reports.
    persona: str = Field(
        default="",
        max_length=200,
        description="The persona's name, which the reply must give where it introduces itself.",
    )


@dataclass(frozen=True, slots=True)
class Character:
    """1 if a reply keeps to its persona; else 0."""

    info: MetricInfo
    never: regex.Pattern[str]
    persona: frozenset[str]
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """Score 1, or 0 with the words that break the persona; every text can be scored."""
        text = even(completion.text)
        broken = find_breach(text) or self._never(text) or self._misnamed(text)
        reason = f"says {broken!r}" if broken else ""
        return Score(self.info.name, float(not broken), reason)

    def _never(self, text: str) -> str:
        found = self.never.search(text)
        return found[0] if found else ""

    def _misnamed(self, text: str) -> str:
        """The introduction that gives another name."""
        ends = {one.end(): one.start() for one in INTRODUCTION.finditer(text)}
        if not self.persona or not ends:
            return ""
        for start, end, name in find_names(text):
            words = set(name.split())
            ours = words <= self.persona or self.persona <= words
            if start in ends and not ours and name not in NO_NAMES:
                return text[ends[start] : end]
        return ""


def build_character(settings: CharacterSettings) -> Character:
    """A persona that holds."""
    named = f", called {settings.persona}" if settings.persona else ""
    info = MetricInfo(
        name=settings.name,
        label=f"stays in character{named}",
        direction="higher",
        binary=True,
        settings=shown("in_character", settings),
        description=ABOUT,
    )
    persona = frozenset(plain_name(settings.persona).split())
    return Character(info, whole(settings.never or ()), persona)

"""What a suite says of its dialogues: what is remembered, which tone is asked for, who talks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from promptbench.error import SuiteError, choices
from promptbench.suite.document import Document
from promptbench.suite.strict import Name, Strict, Text

Kind = Literal["all", "last", "tokens", "summary", "similar"]

FORMS = ("all", "none", "last:6", "tokens:400", "summary:60+last:2", "similar:3+last:1")
PART = re.compile(r"(last|tokens|summary|similar):([0-9]{1,6})")
# The newest turns that stand beside a summary, or beside what is similar, unless the suite says.
BESIDE = 1
SMALLEST_SUMMARY = 8


@dataclass(frozen=True, slots=True)
class MemorySpec:
    """What of a dialogue comes back into a prompt.

    `size` is in turns for "last" and "similar", in tokens for "tokens" (of the whole prompt) and
    "summary"; `last` counts the newest turns that stand beside a summary or what is similar.
    """

    kind: Kind
    size: int = 0
    last: int = 0

    @property
    def text(self) -> str:
        """The form that a command line takes, which also names it in a report."""
        if self.kind == "all":
            return "all"
        if self.kind == "last":
            return f"last:{self.size}" if self.size else "none"
        beside = f"+last:{self.last}" if self.kind != "tokens" else ""
        return f"{self.kind}:{self.size}{beside}"


EVERYTHING = MemorySpec("all")


class MemoryEntry(Strict):
    """One way to remember; as a text, such as `last:6`, it is its `form`."""

    form: Text | None = Field(None, description="The memory as a text, in place of all the rest.")
    last: int | None = Field(
        None, ge=0, description="The newest turns; beside `summary` or `similar` 1 by default."
    )
    tokens: int | None = Field(
        None, ge=1, description="The oldest turns go until the prompt has so many tokens at most."
    )
    summary: int | None = Field(
        None,
        ge=SMALLEST_SUMMARY,
        description="The model sums up older turns as it goes, in so many tokens at most.",
    )
    similar: int | None = Field(
        None, ge=1, description="The earlier turns most similar to what is said now: so many."
    )


class Expectation(Strict):
    """What a reply under a tone rule should be like; `tone_kept` measures it."""

    tone_at_least: float | None = Field(None, ge=-1, le=1, description="-1 hostile, 1 friendly.")
    tone_at_most: float | None = Field(None, ge=-1, le=1, description="-1 hostile, 1 friendly.")
    words_at_least: int | None = Field(None, ge=0, description="Words of the reply.")
    words_at_most: int | None = Field(None, ge=0, description="Words of the reply.")
    sentences_at_most: int | None = Field(None, ge=0, description="Sentences of the reply.")
    says: list[Text] = Field(
        default_factory=list, description="One of these must occur, as a word's beginning."
    )
    never: list[Text] = Field(
        default_factory=list, description="None of these may occur, as a word's beginning."
    )


class ToneEntry(Strict):
    """A tone rule: for users in some mood, what a prompt sees as `tone`. The first that fits."""

    name: Name = Field(description="The rule's name in the report.")
    below: float | None = Field(
        None, ge=-1, le=1, description="For what users say in a mood below this (-1 to 1)."
    )
    above: float | None = Field(
        None, ge=-1, le=1, description="For what users say in a mood above this (-1 to 1)."
    )
    say: str = Field("", description="The instruction, such as: Apologise first, be brief.")
    expect: Expectation | None = Field(None, description="What replies should then be like.")


class UserEntry(Strict):
    """Who plays the user of a dialogue that has a goal in place of what is said."""

    model: Text = Field(description="A model of the suite, or a spec.")
    max_tokens: int = Field(48, ge=1, le=10_000, description="Tokens of what it says at most.")
    temperature: float = Field(0.7, ge=0, le=10, description="0: always the likeliest token.")
    seed: int = Field(0, ge=0, description="Seed of what it says.")


@dataclass(frozen=True, slots=True)
class ToneRule:
    """A tone rule as the suite states it; `expect` holds only what it asks for."""

    name: str
    say: str
    below: float | None = None
    above: float | None = None
    expect: Mapping[str, Any] | None = None

    def fits(self, mood: float) -> bool:
        """Whether the rule is for a mood."""
        under = self.below is None or mood < self.below
        return under and (self.above is None or mood > self.above)

    def facts(self) -> dict[str, Any]:
        """What a case, a template and a metric see of it."""
        return {"name": self.name, "say": self.say, "expect": dict(self.expect or {})}


@dataclass(frozen=True, slots=True)
class ChatSpec:
    """What a suite of `task: chat` says of its dialogues. `user_where` is file:line of `user:`."""

    memories: tuple[MemorySpec, ...] = (EVERYTHING,)
    rules: tuple[ToneRule, ...] = ()
    user: UserEntry | None = None
    user_where: str = ""


def parse_memory(text: str, where: str = "") -> MemorySpec:
    """A memory from its text. Raises SuiteError with what is allowed."""
    if text in ("all", "none"):
        return EVERYTHING if text == "all" else MemorySpec("last", 0)
    parts = [PART.fullmatch(part.strip()) for part in text.split("+")]
    found = {part[1]: int(part[2]) for part in parts if part}
    if not all(parts) or len(found) != len(parts):
        hint = choices(text, FORMS, "Forms")
        raise SuiteError(f"{text!r} is no memory", where=where, hint=hint)
    return memory_of(found, where)


def memory_of(found: Mapping[str, int], where: str) -> MemorySpec:
    """A memory from its parts. Raises SuiteError for parts that do not go together."""
    kinds = [name for name in found if name != "last"]
    hint = choices("", FORMS, "Forms")
    if len(kinds) > 1 or not found or (kinds == ["tokens"] and "last" in found):
        what = " and ".join(found) or "an empty mapping"
        raise SuiteError(f"a memory is one of its forms, found {what}", where=where, hint=hint)
    if not kinds:
        return MemorySpec("last", found["last"])
    kind, size = kinds[0], found[kinds[0]]
    least = SMALLEST_SUMMARY if kind == "summary" else 1
    if size < least:
        raise SuiteError(f"{kind}:{size} is too small: {least} at least", where=where)
    if kind == "tokens":
        return MemorySpec("tokens", size)
    beside = found.get("last", BESIDE)
    return MemorySpec("summary" if kind == "summary" else "similar", size, beside)


def chat_of(
    memory: Sequence[MemoryEntry],
    tone: Sequence[ToneEntry],
    user: UserEntry | None,
    document: Document,
) -> ChatSpec:
    """What the suite says, with every memory and every tone rule there once."""
    memories: list[MemorySpec] = []
    for place, entry in enumerate(memory):
        where = document.where(("memory", place))
        stated = entry.model_dump(exclude_none=True, exclude={"form"})
        if entry.form and not stated:
            found = parse_memory(entry.form, where)
        else:
            found = memory_of(stated, where)
        if found in memories:
            raise SuiteError(f"memory {found.text} is there twice", where=where, hint="Keep one.")
        memories.append(found)
    return ChatSpec(
        tuple(memories) or (EVERYTHING,),
        tuple(rule_of(tone, place, document) for place in range(len(tone))),
        user,
        document.where(("user",)),
    )


def rule_of(tone: Sequence[ToneEntry], place: int, document: Document) -> ToneRule:
    """One tone rule. Raises SuiteError for a name given twice and for one that is never chosen."""
    entry, where = tone[place], document.where(("tone", place))
    if any(other.name == entry.name for other in tone[:place]):
        raise SuiteError(f"two tone rules are named '{entry.name}'", where=where, hint="Keep one.")
    if any(other.below is None and other.above is None for other in tone[:place]):
        hint = "A rule without below and above is for every mood: put it last."
        raise SuiteError(f"tone rule '{entry.name}' is never chosen", where=where, hint=hint)
    stated = entry.expect.model_dump(exclude_defaults=True) if entry.expect else None
    return ToneRule(entry.name, entry.say, entry.below, entry.above, stated)

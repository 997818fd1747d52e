"""Show one prompt as the model sees it, and how many tokens each of its sections takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from promptbench.error import InputError, choices
from promptbench.model.protocol import TokenSpan
from promptbench.record import Encoded, Message
from promptbench.run.plan import Plan

OUTSIDE = "chat template and special tokens"


@dataclass(frozen=True, slots=True)
class SectionLength:
    """Tokens that begin inside a section. `depth` 0 is a whole message."""

    name: str
    depth: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Place:
    """A section's characters `start` to `end` (exclusive) of the whole prompt's text."""

    name: str
    depth: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Look:
    """A prompt for one case: its text, its tokens, and the lengths of its sections."""

    candidate: str
    case_id: str
    encoded: Encoded
    tokens: tuple[TokenSpan, ...]
    sections: tuple[SectionLength, ...]
    limit: int


def look(plan: Plan, case_id: str) -> list[Look]:
    """What each candidate of a plan makes of a case. Raises InputError for an unknown id."""
    ids = [case.id for case in plan.cases]
    if case_id not in ids:
        raise InputError(
            f"the {plan.options.split} split has no case '{case_id}'",
            where=plan.suite.shown,
            hint=choices(case_id, ids, "It has"),
        )
    number = ids.index(case_id)
    found = []
    for slot in plan.slots:
        if slot.case == number and slot.repeat == 0:
            ready = plan.ready[slot.candidate]
            request = plan.request(slot)
            tokens = ready.model.tokens(request.encoded)
            sections = section_lengths(request.messages, request.encoded, tokens)
            found.append(
                Look(
                    ready.candidate.name,
                    case_id,
                    request.encoded,
                    tuple(tokens),
                    tuple(sections),
                    ready.model.info.context,
                )
            )
    return found


def section_lengths(
    messages: Sequence[Message], encoded: Encoded, tokens: Sequence[TokenSpan]
) -> list[SectionLength]:
    """Tokens of each message and section, in order; the rest belongs to the chat template."""
    lengths = [
        SectionLength(at.name, at.depth, count(tokens, at.start, at.end))
        for at in places(messages, encoded)
    ]
    inside = sum(length.tokens for length in lengths if length.depth == 0)
    return [*lengths, SectionLength(OUTSIDE, 0, len(tokens) - inside)]


def places(messages: Sequence[Message], encoded: Encoded) -> Iterator[Place]:
    """Where each message and each of its sections stands in a prompt's text, in order."""
    position = 0
    for message in messages:
        start = encoded.text.find(message.text, position)
        if start < 0:  # the chat template changed the text, so its sections cannot be found
            continue
        position = start + len(message.text)
        yield Place(message.role, 0, start, position)
        open_ends: list[int] = []
        for section in message.sections:
            open_ends = [end for end in open_ends if end > section.start]
            depth = len(open_ends) + 1
            open_ends.append(section.end)
            yield Place(section.name, depth, start + section.start, start + section.end)


def count(tokens: Sequence[TokenSpan], start: int, end: int) -> int:
    """Tokens that begin at `start` or later and before `end`."""
    return sum(start <= t.start < end and t.end > t.start for t in tokens)

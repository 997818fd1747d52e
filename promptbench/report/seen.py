"""Take a prompt apart as the model saw it: text with special tokens in, pieces by section out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from promptbench.record import Message, Section, Seen

# A variable's text so long is worth a piece of its own: prompts and case then share it.
SHARED = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a prompt: what the chat template put there (no role), or a message's text.

    `section` is the innermost block that the text stands in, empty outside of all.
    """

    role: str
    section: str
    text: str


@dataclass(frozen=True, slots=True)
class Apart:
    """A prompt in pieces that join to its text.

    Where the messages cannot be found in it, for a chat template has changed them, `pieces` is the
    whole text as one, and `messages` has their pieces as they were before.
    """

    pieces: tuple[Piece, ...]
    messages: tuple[Piece, ...] = ()


def take_apart(seen: Seen, shared: Sequence[str] = ()) -> Apart:
    """The pieces of a prompt; texts of `shared` that stand in it are pieces of their own."""
    pieces: list[Piece] = []
    cursor = 0
    for message in seen.messages:
        trimmed = bare(message)
        at = find(seen.text, trimmed, cursor)
        if at < 0:
            return Apart((Piece("", "", seen.text),), tuple(told(seen.messages, shared)))
        pieces.append(Piece("", "", seen.text[cursor:at]))
        pieces += sections(trimmed, shared)
        cursor = at + len(trimmed.text)
    pieces.append(Piece("", "", seen.text[cursor:]))
    return Apart(tuple(piece for piece in pieces if piece.text))


def bare(message: Message) -> Message:
    """A message without white space around it, which many a chat template takes away."""
    text = message.text.strip()
    lead = len(message.text) - len(message.text.lstrip())
    moved = (
        Section(one.name, *(min(max(at - lead, 0), len(text)) for at in (one.start, one.end)))
        for one in message.sections
    )
    return Message(message.role, text, tuple(moved))


def find(text: str, message: Message, cursor: int) -> int:
    """Where a message stands in a prompt, from the cursor on; -1 if it does not.

    A template writes the role before it, and a message may be the same word: `user`.
    """
    first = text.find(message.text, cursor)
    role = text.find(message.role, cursor)
    if 0 <= role <= first:
        second = text.find(message.text, role + len(message.role))
        return first if second < 0 else second
    return first


def told(messages: Sequence[Message], shared: Sequence[str]) -> Iterator[Piece]:
    """The pieces of messages that stand in no text."""
    for message in messages:
        yield from sections(message, shared)
        yield Piece("", "", "\n")


def sections(message: Message, shared: Sequence[str]) -> Iterator[Piece]:
    """A message cut where a section or a shared text begins or ends; the innermost one names."""
    spans = [(one.start, one.end, one.name) for one in message.sections if one.start < one.end]
    marks = {0, len(message.text), *(at for span in spans for at in span[:2])}
    for text in shared:
        at = message.text.find(text)
        marks |= {at, at + len(text)} if at >= 0 else set()
    cuts = sorted(marks)
    for start, end in pairwise(cuts):
        around = [span for span in spans if span[0] <= start and end <= span[1]]
        # Of two of the same size, the inner one comes first: it ended first.
        name = min(around, key=lambda span: span[1] - span[0])[2] if around else ""
        yield Piece(message.role, name, message.text[start:end])

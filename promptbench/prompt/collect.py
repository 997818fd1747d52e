"""Turn the stream that a template puts out into messages with sections."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from promptbench.error import PromptError
from promptbench.prompt.bounds import MAX_VALUE
from promptbench.prompt.mark import Mark, parted
from promptbench.record import Message, Role, Section

ROLE = re.compile(r"(system|user|assistant)(_.+)?")


@dataclass(slots=True)
class Draft:
    """A message while it is written. `open` holds the blocks that have begun and not ended.

    `block` names its role block; super() can put that block, and any other, into itself.
    """

    role: Role
    block: str = ""
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    open: list[tuple[str, int]] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)

    def add(self, piece: str) -> None:
        """Append text."""
        self.pieces.append(piece)
        self.length += len(piece)

    def take(self, mark: Mark) -> None:
        """Begin or end a section."""
        if mark.opening:
            self.open.append((mark.block, self.length))
        elif self.open:
            name, start = self.open.pop()
            if not self.within(name):
                self.sections.append(Section(name, start, self.length))

    def within(self, block: str) -> bool:
        """Whether a block of this name is open."""
        return block == self.block or any(block == name for name, _ in self.open)

    def message(self) -> Message | None:
        """The message without white space around it, or None if nothing is left."""
        text = "".join(self.pieces)
        lead = len(text) - len(text.lstrip())
        text = text.strip()
        check_characters(text)
        moved = [
            Section(s.name, clamp(s.start - lead, len(text)), clamp(s.end - lead, len(text)))
            for s in sorted(self.sections, key=lambda s: (s.start, -s.end))
        ]
        return Message(self.role, text, tuple(moved)) if text else None


def check_characters(text: str) -> None:
    """Half of a surrogate pair, which an escape in a template can make, is not a character."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = text[error.start]
        raise PromptError(f"the prompt holds {half!r}, half of a character") from error


def clamp(position: int, length: int) -> int:
    """A position held inside a text."""
    return min(max(position, 0), length)


def collect_messages(stream: Iterable[str]) -> tuple[Message, ...]:
    """Messages from a template's output: its role blocks, or all of it as one user message.

    A block named system, user or assistant, or with a suffix as in user_1, is one message; a
    block inside it is a section. A message that comes out empty is left out. Raises PromptError.
    """
    outside = Draft("user")
    current: Draft | None = None
    drafts: list[Draft] = []
    total = 0
    for piece in parted(stream):
        total += len(piece)
        if total > MAX_VALUE:
            raise PromptError(f"the prompt is longer than {MAX_VALUE:,} characters")
        role = ROLE.fullmatch(piece.block) if isinstance(piece, Mark) else None
        if role and isinstance(piece, Mark):
            current = turn(piece, current, drafts, cast(Role, role[1]))
        elif isinstance(piece, Mark):
            (current or outside).take(piece)
        else:
            (current or outside).add(piece)
    return finished(drafts, outside)


def turn(mark: Mark, current: Draft | None, drafts: list[Draft], role: Role) -> Draft | None:
    """Begin a message at its role block's opening mark, and leave it at the closing one."""
    if current is None:
        drafts.append(Draft(role, mark.block))
        return drafts[-1]
    if mark.block != current.block:
        what = f"block '{mark.block}' stands inside the {current.role} block"
        raise PromptError(what, hint="Close one message before the next begins.")
    if not mark.opening and not current.open:
        return None
    current.take(mark)
    return current


def finished(drafts: list[Draft], outside: Draft) -> tuple[Message, ...]:
    """The messages, checked: no stray text beside role blocks, and something for the model."""
    rest = outside.message()
    if drafts and rest is not None:
        raise PromptError(
            f"text outside of the system, user and assistant blocks: {rest.text[:60]!r}",
            hint="Put it into one of them, or use none of them.",
        )
    messages = tuple(m for m in (d.message() for d in drafts) if m) if drafts else ()
    if not drafts and rest is not None:
        messages = (rest,)
    roles = [m.role for m in messages]
    if "user" not in roles:
        hint = "Write what the model is asked into {% block user %}, or use no role blocks at all."
        raise PromptError("the template renders to no user message", hint=hint)
    if "system" in roles[1:]:
        hint = "Move {% block system %} to the top."
        raise PromptError("the system block must be the first message", hint=hint)
    return messages

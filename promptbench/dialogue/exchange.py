"""What was said before, and what of it comes back into a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exchange:
    """One earlier turn: its `number` from 1, what the user said and what came back."""

    number: int
    user: str
    reply: str

    @property
    def text(self) -> str:
        """Both sides as plain text, a line each."""
        return f"User: {self.user}\nAssistant: {self.reply}"


@dataclass(frozen=True, slots=True)
class Recalled:
    """What comes back: turns as they were said, and a `summary` of others ("" for none)."""

    kept: tuple[Exchange, ...] = ()
    summary: str = ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the kept turns."""
        return tuple(exchange.number for exchange in self.kept)


def as_text(exchanges: Sequence[Exchange]) -> str:
    """Several turns as plain text."""
    return "\n".join(exchange.text for exchange in exchanges)

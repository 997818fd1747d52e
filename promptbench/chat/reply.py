"""What a talk keeps of its turns, and what one reply took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from promptbench.dialogue.exchange import Exchange

Ending = Literal["", "stopped", "length"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, and what it took.

    `ending` says why it is not whole: "stopped" by who listened, or "length". `kept` has the
    numbers of the turns that the prompt held, of `before` that there were; `memory_tokens` were
    read and written for a summary. `mood` is that of the user, `rule` the tone rule it chose.
    """

    text: str
    prompt_tokens: int
    output_tokens: int
    seconds: float
    ending: Ending
    kept: tuple[int, ...]
    before: int
    summary: str
    memory_tokens: int
    mood: float
    rule: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that was answered, after `attempts` others, and the summary before it."""

    exchange: Exchange
    attempts: int
    summary: str
    covered: int

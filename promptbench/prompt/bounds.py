"""Bounds on what one rendering may do: steps, characters handled, size of a value, seconds."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from jinja2.exceptions import SecurityError

MAX_VALUE = 2_000_000  # characters in one value, and in the whole prompt
MAX_HANDLED = 200_000_000  # characters that all operations together may handle
MAX_STEPS = 200_000  # turns of loops, calls and filters
MAX_SECONDS = 10.0
MAX_WIDTH = 10_000  # padding asked for
MAX_BITS = 100_000  # of a whole number

# %99999d, {:>99999}, {:.99999f}, and a width that comes from an argument.
GREEDY_FORMAT = re.compile(r"[0-9]{5,}|\*|\{[^{}]*\{")


@dataclass(slots=True)
class Spent:
    """What a rendering has used up so far."""

    started: float = field(default_factory=time.monotonic)
    steps: int = 0
    handled: int = 0

    def step(self, characters: int = 0) -> None:
        """Count one step over `characters`. Raises SecurityError past a bound."""
        self.steps += 1
        self.handled += characters
        if self.steps > MAX_STEPS:
            raise SecurityError(f"the template takes more than {MAX_STEPS:,} steps")
        check_value(characters)
        if self.handled > MAX_HANDLED:
            raise SecurityError(f"the template handles more than {MAX_HANDLED:,} characters")
        if time.monotonic() - self.started > MAX_SECONDS:
            raise SecurityError(f"the template takes longer than {MAX_SECONDS:.0f} seconds")


SPENT: ContextVar[Spent] = ContextVar("promptbench_spent")


@contextmanager
def bounded_work() -> Iterator[None]:
    """Start counting for one rendering; each thread and each rendering counts for itself."""
    token = SPENT.set(Spent())
    try:
        yield
    finally:
        SPENT.reset(token)


def step(characters: int = 0) -> str:
    """Count a step of the current rendering; "" so that a template can output the call."""
    SPENT.get().step(characters)
    return ""


def check_value(characters: int) -> None:
    """The length of one value that is about to be made."""
    if characters > MAX_VALUE:
        raise SecurityError(f"the template builds more than {MAX_VALUE:,} characters")


def size(value: object) -> int:
    """Length of text or of a collection; anything else does not grow."""
    return len(value) if isinstance(value, Sized) else 0


def check_product(left: object, right: object) -> None:
    """`left * right`: text or a list repeated, or two whole numbers."""
    if isinstance(left, int) and isinstance(right, int):
        check_bits(left.bit_length() + right.bit_length())
        step()
        return
    times = right if isinstance(right, int) else left if isinstance(left, int) else 1
    step(max(size(left), size(right)) * max(0, times))


def check_bits(bits: int) -> None:
    """A whole number about to be made."""
    if bits > MAX_BITS:
        raise SecurityError("the template builds a number that is too large")


def check_width(*values: object) -> None:
    """Widths, counts and precisions that are asked for."""
    for value in values:
        if isinstance(value, int) and abs(value) > MAX_WIDTH:
            raise SecurityError(f"a width of {value:,} is more than {MAX_WIDTH:,}")


def check_format(pattern: str) -> None:
    """A format string: no padding of five digits or more, none that an argument decides."""
    if GREEDY_FORMAT.search(pattern):
        raise SecurityError("the format asks for too much padding")

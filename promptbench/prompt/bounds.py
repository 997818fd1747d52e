"""Bounds on what one rendering may do: steps, characters handled, size of a value, seconds."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from jinja2.exceptions import SecurityError
from markupsafe import Markup

MAX_VALUE = 2_000_000  # characters in one value, and in the whole prompt
MAX_HANDLED = 200_000_000  # characters read and bytes made by all operations together
MAX_STEPS = 200_000  # turns of loops, calls and filters
MAX_SECONDS = 10.0
MAX_WIDTH = 10_000  # padding asked for
MAX_BITS = 10_000  # of a whole number
ITEM_BYTES = 80  # a small object in a list, on top of its place there
PLACE_BYTES = 8  # its place

VIEWS = (KeysView, ValuesView, ItemsView)
SIZED = (str, list, tuple, dict, set, range, *VIEWS)

# %s, %-5d, %(name).3f: a width and a precision, written out or (*) taken from an argument.
PERCENT = re.compile(r"%(?:\([^()]*\))?[-+ #0]*([0-9]+|\*)?(?:\.([0-9]+|\*))?")
# A mapping key with parentheses of its own, which the pattern above does not read.
ODD_KEY = re.compile(r"%\([^()]*\(")
# {:>99999}, and a width that comes from an argument.
BRACES = re.compile(r"\{[^{}]*?(?:[0-9]{5,}|\{)")
FIELD = re.compile(r"\{[^{}]*\}")
# {0.name} and {0[name]}: a template can say so itself, and there the sandbox sees it.
LOOKUP = re.compile(r"\{[^{}:!]*[.\[]")


@dataclass(slots=True)
class Spent:
    """What a rendering has used up so far."""

    started: float = field(default_factory=time.monotonic)
    steps: int = 0
    handled: int = 0

    def step(self, characters: int = 0) -> None:
        """Count one step over `characters`. Raises SecurityError past a bound."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise SecurityError(f"the template takes more than {MAX_STEPS:,} steps")
        check_value(characters)
        self.handle(characters)
        if time.monotonic() - self.started > MAX_SECONDS:
            raise SecurityError(f"the template takes longer than {MAX_SECONDS:.0f} seconds")

    def handle(self, amount: int) -> None:
        """Count characters read, or bytes made. Raises SecurityError past the bound."""
        self.handled += amount
        if self.handled > MAX_HANDLED:
            raise SecurityError(f"the template handles more than {MAX_HANDLED:,} characters")


SPENT: ContextVar[Spent] = ContextVar("promptbench_spent")


class BoundedWork:
    """Counts for one rendering; each thread and each rendering counts for itself."""

    __slots__ = ("token",)

    def __enter__(self) -> None:
        """Start counting."""
        self.token = SPENT.set(Spent())

    def __exit__(self, *raised: object) -> None:
        """Go on counting for whoever did before."""
        SPENT.reset(self.token)


def step(characters: int = 0) -> None:
    """Count a step of the current rendering."""
    SPENT.get().step(characters)


def kept(value: Any, item_bytes: int = ITEM_BYTES) -> Any:
    """What an operation has made, its size checked and its memory counted.

    A lazy sequence comes out as a list: unread, it could hide any amount of work, and in a prompt
    it would show as an address. Markup comes out as plain text: it would escape what it meets.
    """
    if isinstance(value, Markup):
        value = str(value)
    elif isinstance(value, Iterator):
        value = list(value)
    if isinstance(value, SIZED):
        check_value(len(value))
        items = 0 if isinstance(value, str | range) else item_bytes * len(value)
        handle(sys.getsizeof(value) + items)
    return value


def handle(amount: int) -> None:
    """Count characters read, or bytes made, in the current rendering."""
    SPENT.get().handle(amount)


def check_value(characters: int) -> None:
    """The length of one value that is about to be made."""
    if characters > MAX_VALUE:
        raise SecurityError(f"the template builds more than {MAX_VALUE:,} characters")


def size(value: object) -> int:
    """Length of text or of a collection; anything else does not grow."""
    return len(value) if isinstance(value, SIZED) else 0


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


def check_percent(pattern: str, weights: list[int]) -> None:
    """`pattern % values`, the values written out being `weights` long."""
    widths = [w for groups in PERCENT.findall(pattern) for w in groups if w]
    if ODD_KEY.search(pattern) or any(w == "*" or len(w) > 4 for w in widths):
        raise SecurityError("the format asks for too much padding")
    shown = sum(weights) * (pattern.count("%(") or 1)
    step(len(pattern) + shown + sum(int(w) for w in widths))


def check_braces(pattern: str, weights: list[int]) -> None:
    """`pattern.format(values)`, the values written out being `weights` long."""
    bare = pattern.replace("{{", "").replace("}}", "")
    if BRACES.search(bare):
        raise SecurityError("the format asks for too much padding")
    if LOOKUP.search(bare):
        raise SecurityError("a format field is a name or a number, without . or [")
    fields = FIELD.findall(bare)
    widths = sum(int(w) for one in fields for w in re.findall("[0-9]+", one))
    step(len(pattern) + len(fields) * max(weights, default=0) + widths)

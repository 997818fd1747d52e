"""Weigh a value: how long it gets when it is written out, compared or hashed."""

from __future__ import annotations

from jinja2 import Undefined
from jinja2.exceptions import SecurityError

from promptbench.error import PromptError
from promptbench.prompt.bounds import VIEWS, check_value, handle

PARTS = (list, tuple, set, *VIEWS)
PLAIN = (float, range, type(None))
MAX_DEPTH = 200


def weigh(value: object) -> int:
    """The length of a value written out, a part counting each time that it stands in there.

    A list that holds the same long list a thousand times is small in memory and huge as text.
    Raises SecurityError past the bound on values, PromptError for what is no text, number, list
    or mapping, and UndefinedError for an undefined value inside of a collection.
    """
    total = depth = 0
    level = [value]
    while level:
        if depth > MAX_DEPTH:
            raise SecurityError(f"the template nests values deeper than {MAX_DEPTH} levels")
        parts: list[object] = []
        for item in level:
            total += weight(item, parts, depth)
            check_value(total)
        level, depth = parts, depth + 1
    handle(total)
    return total


def weight(item: object, parts: list[object], depth: int) -> int:
    """The length of one value without its parts, which are put down to be weighed next."""
    if isinstance(item, str):
        return len(item)
    if isinstance(item, dict):
        parts += [*item, *item.values()]
        return 2 + 4 * len(item)  # the signs between and around them
    if isinstance(item, PARTS):
        parts += item
        return 2 + 2 * len(item)
    if isinstance(item, int):
        return 1 + item.bit_length() // 3
    if isinstance(item, Undefined):
        return len(str(item)) if depth else 0  # str() raises: that is what it is for
    if isinstance(item, PLAIN):
        return 1
    raise stranger(item)


def weighed(value: object) -> object:
    """The value itself, once it has been weighed."""
    weigh(value)
    return value


def stranger(value: object) -> PromptError:
    """A prompt that shows a function shows an address, another one in each run."""
    hint = "Call it: put () behind its name." if callable(value) else ""
    return PromptError(
        f"a {type(value).__name__} is not text, a number, a list or a mapping", hint=hint
    )

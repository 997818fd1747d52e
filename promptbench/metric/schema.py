"""Apply a JSON Schema from a suite: nothing is fetched, and nothing of it runs for long."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

import regex

from promptbench.error import first_line
from promptbench.suite.pattern import compiled

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

SECONDS = 1.0
# A message quotes the value, which may be as long as the output.
SHOWN = 200
# In seconds of this thread alone, so that other work on the machine leaves no output unscored.
# Two references to a rule that holds two references to another ...: 40 such rules never end.
DEADLINE: ContextVar[float] = ContextVar("promptbench_schema_deadline", default=math.inf)


def check_schema(rules: dict[str, Any]) -> None:
    """Raise ValueError on what is no JSON Schema, or one that cannot be applied safely."""
    from jsonschema import SchemaError

    try:
        _validator().check_schema(rules)
    except (SchemaError, RecursionError) as error:
        raise ValueError(f"not a JSON Schema: {getattr(error, 'message', error)}") from None
    if _mentions(rules, "patternProperties"):
        raise ValueError("patternProperties is not supported: its patterns cannot be timed")
    for pattern in _patterns(rules):
        try:
            compiled(pattern)
        except ValueError as error:
            raise ValueError(f"{pattern!r:.80}: {error}") from None


def first_violation(value: Any, rules: dict[str, Any]) -> str:
    """The most telling violation, with its path; nothing where the value keeps to the schema.

    Raises ValueError where the schema cannot be applied: a reference that leads nowhere, in a
    circle or to what is no rule, or a pattern or all of it that takes longer than a second.
    """
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # An empty registry: jsonschema's own would fetch references from the network.
    validator = _validator()(rules, registry=Registry())
    token = DEADLINE.set(time.thread_time() + SECONDS)
    try:
        worst = best_match(validator.iter_errors(value))
    except Unresolvable as error:
        raise ValueError(f"the schema refers to {error.ref!r}, which it does not hold") from None
    except RecursionError:
        raise ValueError("the schema or the value is nested too deeply") from None
    except TimeoutError:
        raise ValueError(f"a pattern of the schema took longer than {SECONDS:g} s") from None
    except _EndlessError:
        raise ValueError(f"the schema took longer than {SECONDS:g} s") from None
    # A reference may lead to what is no rule, and a number be too large for one.
    except Exception as error:
        raise ValueError(f"the schema cannot be applied: {first_line(error)}") from None
    finally:
        DEADLINE.reset(token)
    return f"{worst.json_path}: {worst.message:.{SHOWN}}" if worst else ""


class _EndlessError(Exception):
    """The rules of a schema take too long to follow."""


@cache
def _validator() -> Any:
    """The validator, its patterns and all its rules limited in time."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    make: Any = extend
    ours = Draft202012Validator.VALIDATORS | {"pattern": _pattern, "uniqueItems": _unique}
    return make(Draft202012Validator, {name: _timed(follow) for name, follow in ours.items()})


def _timed(follow: Callable[..., Any]) -> Callable[..., Iterator[ValidationError]]:
    """A keyword as long as there is time."""

    def timed(*arguments: Any) -> Iterator[ValidationError]:
        _refuse_late()
        for each in follow(*arguments) or ():
            yield each
            _refuse_late()

    return timed


def _refuse_late() -> None:
    """Raise _EndlessError past the deadline."""
    if time.thread_time() > DEADLINE.get():
        raise _EndlessError


def _unique(
    _: Validator, wanted: bool, instance: Any, __: dict[str, Any]
) -> Iterator[ValidationError]:
    """The keyword `uniqueItems`. jsonschema compares each item with each other one."""
    from jsonschema import ValidationError

    if wanted and isinstance(instance, list) and len({*map(_key, instance)}) < len(instance):
        yield ValidationError(f"{instance!r} has non-unique elements")


def _key(value: Any) -> Any:
    """What two values share that JSON Schema takes for equal: 1 is 1.0, and true is not 1."""
    if isinstance(value, dict):
        return "object", frozenset((name, _key(held)) for name, held in value.items())
    if isinstance(value, list):
        return "list", *map(_key, value)
    return ("truth", value) if isinstance(value, bool) else value


def _pattern(
    _: Validator, pattern: str, instance: Any, __: dict[str, Any]
) -> Iterator[ValidationError]:
    """The keyword `pattern`: a match anywhere in a text."""
    from jsonschema import ValidationError

    if isinstance(instance, str) and not regex.search(pattern, instance, timeout=SECONDS):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _mentions(rules: Any, keyword: str) -> bool:
    """Whether a keyword that holds a mapping occurs anywhere in a schema."""
    if isinstance(rules, dict):
        here = isinstance(rules.get(keyword), dict)
        return here or any(_mentions(one, keyword) for one in rules.values())
    return isinstance(rules, list) and any(_mentions(one, keyword) for one in rules)


def _patterns(rules: Any) -> Iterator[str]:
    """Every text that could be a pattern of a schema."""
    if isinstance(rules, dict):
        if isinstance(rules.get("pattern"), str):
            yield rules["pattern"]
        for one in rules.values():
            yield from _patterns(one)
    elif isinstance(rules, list):
        for one in rules:
            yield from _patterns(one)

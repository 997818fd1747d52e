"""The filters, tests and text methods of prompt templates, each looked at before it works."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

from jinja2 import Undefined, pass_context, pass_environment
from jinja2.environment import Environment
from jinja2.exceptions import SecurityError
from jinja2.filters import make_attrgetter
from jinja2.nodes import EvalContext
from jinja2.runtime import Context

from promptbench.prompt.bounds import (
    ITEM_BYTES,
    check_bits,
    check_percent,
    check_value,
    check_width,
    handle,
    kept,
    size,
    step,
)
from promptbench.prompt.mark import Mark, mark
from promptbench.prompt.rewrite import MARK, SLICE, STEP, TURN, WEIGHED
from promptbench.prompt.weight import weigh, weighed

# Random output would make a fingerprint meaningless; wordwrap takes hours over one long word;
# the others are for web pages.
REFUSED_FILTERS = {"random", "pprint", "xmlattr", "urlize", "sum", "wordwrap"}
REFUSED_METHODS = {"translate", "maketrans", "encode", "to_bytes", "from_bytes", "fromhex"}

COMPARING_METHODS = {"count", "index"}
# These can take as long as both texts multiplied, in C, where nothing interrupts them.
PAIRING_METHODS = {"strip", "lstrip", "rstrip", "rfind", "rindex", "rsplit", "rpartition"}

# These pass values on, the first few as they are; the others read, compare or write out what a
# value holds.
PASSING_FILTERS = {"attr", "d", "default", "first", "last"}
SHALLOW_FILTERS = {"batch", "count", "items", "join", "length", "list", "map", "reject"}
SHALLOW_FILTERS |= {"rejectattr", "reverse", "select", "selectattr", "slice", *PASSING_FILTERS}
SHALLOW_TESTS = {"boolean", "callable", "defined", "even", "false", "float", "integer", "iterable"}
SHALLOW_TESTS |= {"mapping", "none", "number", "odd", "sameas", "sequence", "string", "true"}
SHALLOW_TESTS |= {"undefined"}

# These do something in Python for each item.
SLOW_FILTERS = {"batch", "dictsort", "groupby", "map", "max", "min", "reject", "rejectattr"}
SLOW_FILTERS |= {"select", "selectattr", "slice", "sort", "unique"}
# These make a list of lists.
NESTING_FILTERS = {"batch", "groupby", "slice"}

# What these yield grows with a number that they are given.
WIDE = {"center", "ljust", "rjust", "zfill", "expandtabs", "batch", "slice", "round"}


def prompt_filters(jinja: Mapping[str, Any]) -> dict[str, Any]:
    """Jinja's filters, bounded, and those that the rewritten template calls."""
    ours = {"replace": replace, "tojson": tojson}
    known = {name: work for name, work in jinja.items() if name not in REFUSED_FILTERS} | ours
    hidden = {STEP: count_step, MARK: put_mark, TURN: count_turn, WEIGHED: weighed, SLICE: to_slice}
    return {name: bounded(name, work) for name, work in known.items()} | {"join": join} | hidden


def prompt_tests(jinja: Mapping[str, Any]) -> dict[str, Any]:
    """Jinja's tests; those that compare weigh what they are given."""
    return {n: test if n in SHALLOW_TESTS else weighing(test) for n, test in jinja.items()}


def bounded(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that looks at its arguments before it works, and at its result."""
    look = LOOKS.get(name)

    @wraps(work)
    def checked(*args: Any, **kwargs: Any) -> Any:
        values = arguments(args, kwargs)
        characters = sum(size(v) for v in values)
        step(characters)
        if name in SLOW_FILTERS:
            handle(3 * ITEM_BYTES * characters)
        if name not in SHALLOW_FILTERS:
            for value in values:
                weigh(value)
        if name in WIDE:
            check_width(*values[1:])
        if look is not None:
            look(*values)
        made = work(*args, **kwargs)
        if name in NESTING_FILTERS:
            made = [*made]
            handle(3 * sum(map(sys.getsizeof, made)))
        return made if name in PASSING_FILTERS else kept(made)

    return checked


def weighing(test: Callable[..., Any]) -> Callable[..., Any]:
    """A test that weighs what it compares."""

    @wraps(test)
    def checked(*args: Any, **kwargs: Any) -> Any:
        for value in arguments(args, kwargs):
            weigh(value)
        return test(*args, **kwargs)

    return checked


def arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """What a template gave to a filter, without what Jinja adds in front."""
    given = args[1:] if args and isinstance(args[0], Context | EvalContext | Environment) else args
    return [*given, *kwargs.values()]


@pass_context
def count_step(context: Context, characters: int) -> str:
    """A turn of a loop or a macro begins. `context` keeps Jinja from calling it in advance."""
    step(characters)
    return ""


@pass_context
def put_mark(context: Context, end: tuple[str, bool]) -> Mark:
    """A block begins or ends."""
    return mark(*end)


def count_turn(value: Any) -> Any:
    """The condition of a loop: a turn that is passed over is a turn."""
    step()
    return value


def to_slice(ends: list[Any]) -> slice:
    """`[start:stop:step]` as a value, so that Sandbox.getitem sees it."""
    return slice(*ends)


@pass_environment
def join(
    environment: Environment, value: Iterable[Any], d: str = "", attribute: str | int | None = None
) -> str:
    """Jinja's `join`, with the size of what it builds counted item by item."""
    read = make_attrgetter(environment, attribute) if attribute is not None else lambda item: item
    glue = text_of(d)
    texts: list[str] = []
    total = 0
    step()
    for item in value:
        texts.append(text_of(read(item)))
        total += len(texts[-1]) + len(glue)
        handle(len(texts[-1]) + len(glue) + ITEM_BYTES)
        check_value(total)
    return str(kept(glue.join(texts)))


def text_of(value: Any) -> str:
    """A value as text, weighed before it is written out."""
    if not isinstance(value, str):
        weigh(value)
    return str(value)


def replace(s: Any, old: Any, new: Any, count: int | None = None) -> str:
    """Jinja's `replace`, with the length of the outcome known before."""
    text, before, after = str(s), str(old), str(new)
    check_replace(text, before, after)
    return text.replace(before, after, -1 if count is None else count)


def tojson(value: Any, indent: int | None = None) -> str:
    """JSON as a model should read it: Jinja's own is escaped for HTML and sorts the keys."""
    return written_json(value, indent=indent, ensure_ascii=False)


def written_json(value: Any, **settings: Any) -> str:
    """JSON under the settings of json.JSONEncoder, its length counted as it is written."""
    check_width(settings.get("indent"))
    encoder = json.JSONEncoder(default=as_json, **settings)
    texts: list[str] = []
    total = 0
    for text in encoder.iterencode(value):
        texts.append(text)
        total += len(text)
        check_value(total)
    return "".join(texts)


def as_json(value: Any) -> Any:
    """What JSON does not know: an undefined value raises, the rest are sequences."""
    return str(value) if isinstance(value, Undefined) else list(value)


def look_at_indent(s: Any, width: int | str = 4, *others: Any) -> None:
    """`indent` puts `width` before each line."""
    each = size(width) if isinstance(width, str) else int(width)
    text = str(s)
    step(len(text) + each * (1 + len(text.splitlines())))


def look_at_trim(value: Any, chars: str | None = None) -> None:
    """Each character at an end is looked for in `chars`."""
    handle(len(str(value)) * size(chars))


def look_at_format(value: Any, *values: Any) -> None:
    """`format` is the % operator."""
    check_percent(str(value), [weigh(v) for v in values])


def look_at_int(value: Any, *others: Any) -> None:
    """Text as a whole number: at most four bits a digit."""
    check_bits(4 * size(value))


LOOKS: dict[str, Callable[..., None]] = {
    "indent": look_at_indent,
    "trim": look_at_trim,
    "format": look_at_format,
    "int": look_at_int,
}


def check_method(name: str, owner: object, values: list[Any]) -> None:
    """A method called from a template with these arguments."""
    if name in REFUSED_METHODS:
        raise SecurityError(f"the method {name} is not available in a prompt template")
    for value in [owner, *values] if name in COMPARING_METHODS else values:
        weigh(value)
    if not isinstance(owner, str):
        return
    if name in WIDE:
        check_width(*values)
    if name == "expandtabs":
        each = values[0] if values and isinstance(values[0], int) else 8
        step(len(owner) + owner.count("\t") * max(each, 0))
    elif name in PAIRING_METHODS:
        handle(len(owner) * sum(size(value) for value in values))
    elif name == "replace" and len(values) > 1:
        check_replace(owner, str(values[0]), str(values[1]))


def check_replace(text: str, old: str, new: str) -> None:
    """The longest that replacing can make a text."""
    count = text.count(old) if old else len(text) + 1
    step(len(text) + count * len(new))

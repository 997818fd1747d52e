"""The Jinja environment of prompt templates: strict, sandboxed, bounded in time and memory.

Jinja's ImmutableSandboxedEnvironment keeps a template from Python's internals and from changing
what it is given. It does not keep one from looping for hours or from building gigabytes: here
every loop turn, call, filter and growing operator is counted, and looked at before it works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, nodes, pass_environment
from jinja2.environment import Environment
from jinja2.exceptions import SecurityError
from jinja2.filters import make_attrgetter
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from promptbench.prompt.bounds import (
    check_bits,
    check_format,
    check_product,
    check_value,
    check_width,
    size,
    step,
)
from promptbench.prompt.mark import mark

STEP = "promptbench_step"
MARK = "promptbench_mark"

# What these yield grows with a number that they are given.
WIDE = {"center", "ljust", "rjust", "zfill", "expandtabs", "indent", "wordwrap", "batch", "slice"}
WIDE |= {"round", "truncate", "tojson"}
FORMATS = {"format", "format_map"}
# Random output would make a fingerprint meaningless; the others are for web pages.
REFUSED_FILTERS = ("random", "pprint", "xmlattr", "urlize", "sum")
REFUSED_GLOBALS = ("lipsum", "cycler", "joiner")
REFUSED_METHODS = {"translate", "maketrans", "encode"}


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja for prompts: undefined names raise, nothing is escaped, work is bounded."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, loader: BaseLoader) -> None:
        """Prepare the environment; `loader` finds templates for extends, include and import."""
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.filters = {
            n: bounded(n, f) for n, f in self.filters.items() if n not in REFUSED_FILTERS
        }
        self.filters["join"] = join
        for name in REFUSED_GLOBALS:
            self.globals.pop(name, None)
        self.globals |= {STEP: step, MARK: mark}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Parse, then put a step into every loop and macro and marks around every block."""
        tree = super()._parse(source, name, filename)
        loops: Iterable[Any] = tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock))
        for loop in loops:
            loop.body.insert(0, output_of(STEP, loop.lineno))
        for block in tree.find_all(nodes.Block):
            block.body.insert(0, output_of(MARK, block.lineno, block.name, True))
            block.body.append(output_of(MARK, block.lineno, block.name, False))
        for concat in tree.find_all(nodes.Concat):
            concat.nodes = [joining(concat)]
        return tree

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operator that can build something large."""
        if operator == "**":
            raise SecurityError("** is not available in a prompt template")
        if operator == "*":
            check_product(left, right)
        elif operator == "+":
            step(size(left) + size(right))
        elif isinstance(left, str):
            check_format(left)
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Jinja's safe form of `"...".format`, its pattern looked at first."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            check_format(str(value.__self__))
        return wrapped

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """A call from a template; the odd names keep a template's keyword arguments free."""
        owner = getattr(__obj, "__self__", None)
        step(size(owner))
        if isinstance(owner, str):
            check_text_method(getattr(__obj, "__name__", ""), owner, args, kwargs)
        return super().call(__context, __obj, *args, **kwargs)


def output_of(function: str, line: int, *arguments: object) -> nodes.Output:
    """An output node that calls one of our globals."""
    name = nodes.Name(function, "load", lineno=line)
    constants: list[nodes.Expr] = [nodes.Const(a, lineno=line) for a in arguments]
    return nodes.Output([nodes.Call(name, constants, [], None, None, lineno=line)], lineno=line)


def joining(concat: nodes.Concat) -> nodes.Filter:
    """`a ~ b` as a filter, which is counted where the bare operator is not."""
    items = nodes.List(list(concat.nodes), lineno=concat.lineno)
    return nodes.Filter(items, "join", [], [], None, None, lineno=concat.lineno)


def bounded(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that looks at its arguments before it works."""

    @wraps(work)
    def checked(*args: Any, **kwargs: Any) -> Any:
        values = [*args, *kwargs.values()]
        step(sum(size(v) for v in values if isinstance(v, str | list | tuple)))
        if name in WIDE:
            check_width(*values)
        elif name in FORMATS:
            check_format(str(args[0]))
        elif name == "replace":
            check_replace([v for v in values if isinstance(v, str)])
        elif name == "int":
            check_bits(4 * size(args[0]))
        return work(*args, **kwargs)

    return checked


@pass_environment
def join(
    environment: Environment, value: Iterable[Any], d: str = "", attribute: str | int | None = None
) -> str:
    """Jinja's `join`, with the size of what it builds counted item by item."""
    read = make_attrgetter(environment, attribute) if attribute is not None else lambda item: item
    texts: list[str] = []
    total = 0
    for item in value:
        texts.append(str(read(item)))
        total += len(texts[-1]) + len(d)
        step(len(texts[-1]) + len(d))
        check_value(total)
    return str(d).join(texts)


def check_text_method(name: str, owner: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """A method of a text, called from a template."""
    if name in REFUSED_METHODS:
        raise SecurityError(f"str.{name} is not available in a prompt template")
    if name in WIDE:
        check_width(*args, *kwargs.values())
    elif name == "replace":
        check_replace([owner, *(a for a in args if isinstance(a, str))])
    elif name == "join":
        for items in args:
            step(sum(size(item) + len(owner) for item in items))


def check_replace(texts: list[str]) -> None:
    """The longest that replacing in the first text, by the last, can make it."""
    if len(texts) >= 3:
        count = texts[0].count(texts[1]) if texts[1] else len(texts[0]) + 1
        step(len(texts[0]) + count * len(texts[2]))

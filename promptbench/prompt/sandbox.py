"""The Jinja environment of prompt templates: strict, sandboxed, bounded in time and memory.

Jinja's ImmutableSandboxedEnvironment keeps a template from Python's internals and from changing
what it is given. It does not keep one from looping for hours or from building gigabytes: here
every loop turn, call, filter and growing operator is counted, and looked at before it works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, Undefined, nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from promptbench.prompt.bounds import (
    PLACE_BYTES,
    check_braces,
    check_percent,
    check_product,
    handle,
    kept,
    size,
    step,
)
from promptbench.prompt.filter import check_method, join, prompt_filters, prompt_tests
from promptbench.prompt.mark import joined
from promptbench.prompt.rewrite import rewrite
from promptbench.prompt.weight import weigh, weighed

MAX_TOKENS = 20_000  # names, signs and stretches of text in one file
# They hold a state that lasts from one case to the next, or make text up.
REFUSED_GLOBALS = ("lipsum", "cycler", "joiner")
# Jinja's compiler adds these to the arguments of a call.
ADDED = {"_loop_vars", "_block_vars", "caller"}


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
            finalize=shown,
            optimized=False,
        )
        self.filters = prompt_filters(self.filters)
        self.tests = prompt_tests(self.tests)
        for name in REFUSED_GLOBALS:
            self.globals.pop(name, None)

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """What a macro, a `set` block or super() has put out, as one text."""
        held = list(pieces)
        step(sum(map(len, held)))
        return str(kept(joined(held)))

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        """The parts of a source, within their bound: compiling one takes far more than reading."""
        stream = super()._tokenize(source, name, filename, state)
        return TokenStream(within_bound(stream, name, filename), name, filename)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Parse, and put in what counts the work and marks the blocks."""
        return rewrite(super()._parse(source, name, filename))

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`; a slice is a copy."""
        if isinstance(argument, tuple):
            weigh(argument)
        value = super().getitem(obj, argument)
        return kept(value, 0) if isinstance(argument, slice) else value

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """A way into Python: an error at once, where Jinja would let a chat template go on."""
        what = f"access to attribute {attribute!r} of {type(obj).__name__!r} object is unsafe."
        raise SecurityError(what)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operator that can build something large."""
        if operator == "**":
            raise SecurityError("** is not available in a prompt template")
        if operator == "*":
            check_product(left, right)
        elif operator == "+":
            step(size(left) + size(right))
        elif isinstance(left, str):
            check_percent(left, [weigh(right)])
        return kept(super().call_binop(context, operator, left, right), 0)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Jinja's safe form of `"...".format`, its pattern and values looked at first."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        def checked(*args: Any, **kwargs: Any) -> str:
            check_braces(str(value.__self__), [weigh(v) for v in (*args, *kwargs.values())])
            return wrapped(*args, **kwargs)

        return checked

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """A call from a template; the odd names keep a template's keyword arguments free."""
        owner = getattr(__obj, "__self__", None)
        values = [*args, *(value for name, value in kwargs.items() if name not in ADDED)]
        step(size(owner))
        handle(PLACE_BYTES * len(values))
        if not (isinstance(__obj, Macro | BlockReference | LoopContext) or __obj is Namespace):
            name = getattr(__obj, "__name__", "")
            check_method(name, owner, values)
            if name == "join" and isinstance(owner, str) and len(values) == 1:
                return join(__self, values[0], owner)
        return kept(super().call(__context, __obj, *args, **kwargs))


def within_bound(
    stream: Iterable[Token], name: str | None, filename: str | None
) -> Iterator[Token]:
    """The tokens of a template, which must not have too many."""
    for number, token in enumerate(stream):
        if number >= MAX_TOKENS:
            what = f"the template has more than {MAX_TOKENS:,} names and signs"
            raise TemplateSyntaxError(what, token.lineno, name, filename)
        yield token


def shown(value: Any) -> Any:
    """What `{{ }}` puts out: text as it is, other data once it has been weighed."""
    return value if isinstance(value, str) else weighed(value)

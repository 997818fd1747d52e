"""The chat template that a model carries: messages in, the text that the model sees out.

A file from anywhere brings a program along, so it runs where our prompts run: sandboxed, and
bounded in time and memory. What it may use beyond a prompt's language is what transformers gives
to chat templates. A test holds what comes out against transformers itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Template, TemplateError, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser

from promptbench.error import ModelError
from promptbench.prompt.bounds import BoundedWork
from promptbench.prompt.filter import bounded, written_json
from promptbench.prompt.sandbox import Sandbox
from promptbench.prompt.words import in_words
from promptbench.record import Message

LONGEST_DATE = 100  # strftime makes up to 256 times as much of it


class Generation(Extension):
    """The tag `generation`, with which a template shows what an assistant writes: no more than it.

    It stands in templates for training, and changes nothing of the text.
    """

    tags = {"generation"}  # noqa: RUF012 - Jinja's own declaration

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """What stands inside of it."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class ChatTemplate:
    """A template, compiled. `tokens` are the special tokens that it may ask for, by name."""

    def __init__(self, source: str, tokens: Mapping[str, Any], path: Path) -> None:
        """Compile it. Raises ModelError if it is no template; `path` is for messages."""
        sandbox = Sandbox(BaseLoader())
        sandbox.undefined = Undefined  # chat templates ask for what a message may lack
        sandbox.add_extension(loopcontrols)
        sandbox.add_extension(Generation)
        sandbox.filters["tojson"] = bounded("tojson", to_json)
        sandbox.globals |= {"raise_exception": refuse, "strftime_now": now}
        self.path = path
        self.tokens = tokens
        try:
            self.compiled: Template = sandbox.from_string(source)
        except Exception as error:  # too deep or too odd for Jinja and for Python
            raise self.error("is broken", error) from error

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt, up to where the answer begins; a last message of the assistant begins it.

        Raises ModelError if the template refuses the messages.
        """
        turns = turns_of(messages)
        if messages[-1].role != "assistant":
            return self.fill(turns, answering=True)
        mark = absent_from(messages)
        turns[-1]["content"] += f"{mark} "
        text, found, rest = self.fill(turns, answering=False).rpartition(mark)
        if not found:
            raise self.error("refuses the prompt", ValueError("it leaves out the begun answer"))
        # Where the space behind the mark is gone, the template would have trimmed the answer.
        return text if rest.startswith(" ") else text.rstrip()

    def finished(self, messages: Sequence[Message]) -> str:
        """A dialogue whose last message is a whole answer, with what ends it."""
        return self.fill(turns_of(messages), answering=False)

    def fill(self, turns: Sequence[dict[str, str]], *, answering: bool) -> str:
        """The template's text for some turns, with what begins an answer if one is wanted."""
        values = {"messages": turns, "add_generation_prompt": answering, **self.tokens}
        try:
            with BoundedWork():
                return self.compiled.render(values | {"tools": None, "documents": None})
        except Exception as error:  # an expression can fail in any way
            raise self.error("refuses the prompt", error) from error

    def error(self, what: str, error: Exception) -> ModelError:
        """What to say of the template."""
        return ModelError(
            f"the chat template {what}: {in_words(error)}",
            where=str(self.path),
            hint="Some models know no system message, or want user and assistant in turn.",
        )


def turns_of(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages as a template sees them."""
    return [{"role": m.role, "content": m.text} for m in messages]


def to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **more: Any) -> str:
    """JSON with the settings that transformers' own filter has."""
    known = {name: more.get(name) for name in ("separators", "sort_keys")}
    return written_json(value, ensure_ascii=ensure_ascii, indent=indent, **known)


def refuse(message: str) -> None:
    """A template's own objection to some messages."""
    raise TemplateError(message)


def now(pattern: str) -> str:
    """Today's date, which some templates tell the model: another day is another prompt."""
    if len(pattern) > LONGEST_DATE:
        raise SecurityError(f"a date has more than {LONGEST_DATE} characters")
    return datetime.now().strftime(pattern)


def absent_from(messages: Sequence[Message]) -> str:
    """A text that no message holds."""
    mark = "<end of the begun answer>"
    while any(mark in message.text for message in messages):
        mark = f"<{mark}>"
    return mark

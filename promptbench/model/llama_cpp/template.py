"""The chat template that a GGUF carries: messages in, the text that the model sees out.

A file from anywhere brings a program along, so it runs where our prompts run: sandboxed, and
bounded in time and memory. What it may use beyond a prompt's language is what transformers gives
to chat templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import BaseLoader, Template, TemplateError, Undefined, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser

from promptbench.error import ModelError
from promptbench.model.local.tokenizer import first_line
from promptbench.prompt.bounds import BoundedWork
from promptbench.prompt.sandbox import Sandbox
from promptbench.record import Message


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
    """A template, compiled. `begin` and `end` are the texts of the tokens that it may ask for."""

    def __init__(self, source: str, begin: str, end: str, path: Path) -> None:
        """Compile it. Raises ModelError if it is no template; `path` is for messages."""
        sandbox = Sandbox(BaseLoader())
        sandbox.undefined = Undefined  # chat templates ask for what a message may lack
        sandbox.add_extension(loopcontrols)
        sandbox.add_extension(Generation)
        sandbox.globals |= {"raise_exception": refuse, "strftime_now": now}
        self.path = path
        self.tokens = {"bos_token": begin, "eos_token": end}
        try:
            self.compiled: Template = sandbox.from_string(source)
        except TemplateError as error:
            raise self.error("is broken", error) from error

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt, up to where the answer begins; a last message of the assistant begins it.

        Raises ModelError if the template refuses the messages.
        """
        turns = [{"role": m.role, "content": m.text} for m in messages]
        if messages[-1].role != "assistant":
            return self.fill(turns, answering=True)
        mark = absent_from(messages)
        turns[-1]["content"] += mark
        text, found, _ = self.fill(turns, answering=False).rpartition(mark)
        if not found:
            raise self.error("refuses the prompt", ValueError("it leaves out the begun answer"))
        return text

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
            f"the chat template {what}: {first_line(error)}",
            where=str(self.path),
            hint="Some models know no system message, or want user and assistant in turn.",
        )


def refuse(message: str) -> None:
    """A template's own objection to some messages."""
    raise TemplateError(message)


def now(pattern: str) -> str:
    """Today's date, which some templates tell the model: another day is another prompt."""
    return datetime.now().strftime(pattern)


def absent_from(messages: Sequence[Message]) -> str:
    """A text that no message holds."""
    mark = "<end of the begun answer>"
    while any(mark in message.text for message in messages):
        mark = f"<{mark}>"
    return mark

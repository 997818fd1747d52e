"""The prompt of a turn: template, case and memory in; messages out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from promptbench.dialogue.exchange import Exchange, Recalled
from promptbench.dialogue.memory import newest
from promptbench.dialogue.tone import instruction
from promptbench.prompt.template import Template
from promptbench.record import Case, Message
from promptbench.suite.chat import MemorySpec

# What only promptbench needs of a case, and no prompt.
HIDDEN = ("script", "rule", "dialogue", "talk", "others")


def turn_messages(
    template: Template,
    case: Case,
    recalled: Recalled,
    examples: Sequence[Mapping[str, Any]] | None = None,
) -> tuple[Message, ...]:
    """The messages of a turn. Raises PromptError as rendering does.

    Kept turns stand before the last user message, unless the template shows `history` itself.
    """
    variables = {name: each for name, each in case.variables.items() if name not in HIDDEN}
    history = [{"user": each.user, "assistant": each.reply} for each in recalled.kept]
    variables |= {
        "history": history,
        "summary": recalled.summary,
        "tone": instruction(case.variables),
    }
    messages = template.render(replace(case, variables=variables), examples)
    if "history" in template.names or not history:
        return messages
    last = max(place for place, message in enumerate(messages) if message.role == "user")
    return (*messages[:last], *spoken(recalled), *messages[last:])


def spoken(recalled: Recalled) -> tuple[Message, ...]:
    """The kept turns as messages, what the user said as a template would have put it."""
    return tuple(
        message
        for each in recalled.kept
        for message in (Message("user", each.user.strip()), Message("assistant", each.reply))
    )


def preview(
    template: Template,
    case: Case,
    memory: MemorySpec,
    examples: Sequence[Mapping[str, Any]] | None = None,
) -> tuple[Message, ...]:
    """A turn's prompt as far as it is known beforehand: with the turns whose replies are given."""
    recalled = Recalled(tuple(known(memory, case.variables["script"])))
    if not case.variables["user"]:  # played: nobody knows yet
        case = replace(case, variables={**case.variables, "user": "..."})
    return turn_messages(template, case, recalled, examples)


def known(memory: MemorySpec, script: Sequence[Mapping[str, Any]]) -> Sequence[Exchange]:
    """The turns before the last whose replies are given, as far as a memory surely keeps them."""
    past = [
        Exchange(number, said["user"], said["assistant"])
        for number, said in enumerate(script[:-1], 1)
        if "assistant" in said
    ]
    if memory.kind == "all":
        return past
    return newest(past, memory.size if memory.kind == "last" else memory.last)

"""The prompt of a turn: template, case and memory in; messages out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from promptbench.dialogue.exchange import Recalled
from promptbench.dialogue.tone import instruction
from promptbench.prompt.template import Template
from promptbench.record import Case, Message

# What only promptbench needs of a case, and no prompt.
HIDDEN = ("script", "rule", "dialogue", "others")


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

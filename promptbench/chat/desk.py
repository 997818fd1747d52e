"""A talk and what surrounds it: who is talking and what comes back can be changed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from promptbench.chat.conversation import Conversation
from promptbench.chat.persona import NONE, Persona, find_persona, is_plain
from promptbench.dialogue.exchange import Recalled
from promptbench.error import InputError
from promptbench.run.turn import check_memory
from promptbench.suite.chat import MemorySpec, parse_memory
from promptbench.suite.stated import ModelSpec, Suite


@dataclass(slots=True)
class Desk:
    """A talk, the workspace that it is held in, the suite if one is named, and the model."""

    talk: Conversation
    workspace: Path
    suite: Suite | None
    model: ModelSpec

    @property
    def title(self) -> str:
        """Who talks, as who, and what comes back."""
        name = self.talk.persona.name
        persona = "no persona" if name == NONE else f"persona {name}"
        return f"{self.model.name} · {persona} · memory {self.talk.memory.text}"

    @property
    def warning(self) -> str:
        """What to say where the model will not see who said what; "" where it does."""
        persona, model = self.talk.persona, self.talk.model
        if not is_plain(model) or "history" in persona.template.names:
            return ""
        return (
            f"{self.model.name} has no chat template, and persona {persona.name} does not write"
            " out `history`: it sees the turns as paragraphs, without names."
        )

    def take_memory(self, text: str) -> None:
        """Remember in another way from now on. Raises InputError if that cannot be."""
        memory = parse_memory(text)
        check(self.talk, self.talk.persona, memory)
        self.talk.memory = memory

    def take_persona(self, name: str) -> None:
        """Talk as another from now on. Raises InputError if there is none, or it does not suit."""
        persona = find_persona(name, self.talk.model, self.workspace, self.suite)
        check(self.talk, persona, self.talk.memory)
        self.talk.persona = persona


def check(talk: Conversation, persona: Persona, memory: MemorySpec) -> None:
    """See that a persona shows what a memory brings, and needs nothing that a talk lacks.

    Raises InputError.
    """
    check_memory(memory, persona.template, talk.model, "")
    before = talk.persona
    talk.persona = persona
    try:
        talk.messages(talk.case("Hello"), Recalled())
    except InputError:
        talk.persona = before
        raise
    talk.persona = before

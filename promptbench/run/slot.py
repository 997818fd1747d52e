"""The parts of a plan: its candidates made ready, and its cells."""

from __future__ import annotations

from dataclasses import dataclass

from promptbench.dialogue.prompt import preview
from promptbench.model.protocol import Model
from promptbench.prompt.template import Template
from promptbench.record import Candidate, Case, Message
from promptbench.run.examples import Examples
from promptbench.suite.chat import MemorySpec


@dataclass(frozen=True, slots=True)
class Slot:
    """One cell of a run: positions of candidate and case, repeat, and the request's fingerprint.

    `tokens` is the length of the prompt. Requests are rendered again when they are sent, so that
    a plan of a hundred thousand cells stays small.
    """

    candidate: int
    case: int
    repeat: int
    key: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A candidate with what it needs to render and run; `memory` where it talks."""

    candidate: Candidate
    template: Template
    examples: Examples | None
    model: Model
    memory: MemorySpec | None = None

    def messages(self, case: Case) -> tuple[Message, ...]:
        """A case's prompt; of a turn, whose past is not known yet, as far as it can be told.

        Raises PromptError as rendering does.
        """
        if self.memory is None:
            return self.template.render(case, self.examples)
        return preview(self.template, case, self.memory, self.examples)

"""A model that speaks: the fake one, a word at a time.

As a program, `python tests/chat/speaking.py chat --model speaks:a`, it is the command line with
this model in it; $SPEAKING then holds its Manner as JSON.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from promptbench.model.protocol import Setup
from promptbench.record import Completion, Request
from tests.fake import FakeBackend, FakeModel, complete


@dataclass
class Manner:
    """How it speaks: `says` in place of words of its own, `delay` seconds before each word."""

    says: str | None = None
    delay: float = 0.0
    context: int = 0


class SpeakingModel(FakeModel):
    """See Speaker. `heard` are all requests, `released` how often its weights were let go of."""

    def __init__(self, spec: str, manner: Manner) -> None:
        """A model that says what the fake one would."""
        backend = FakeBackend()
        backend.behaviour.context = manner.context
        super().__init__(spec, backend)
        self.manner = manner
        self.heard: list[Request] = []
        self.released = 0

    def speak(self, request: Request, hear: Callable[[str], None]) -> Completion:
        """Say one word after another."""
        self.heard.append(request)
        done = complete(request)
        says = done.text if self.manner.says is None else self.manner.says
        words = says.split(" ") if says else []
        for number, word in enumerate(words):
            time.sleep(self.manner.delay)
            hear(f" {word}" if number else word)
        return Completion(done.key, says, done.prompt_tokens, len(words), "stop", 0.5)

    def release(self) -> None:
        """Note it."""
        self.released += 1


@dataclass
class SpeakingBackend:
    """Opens speaking models."""

    manner: Manner = field(default_factory=Manner)

    def __call__(self, spec: str, setup: Setup) -> SpeakingModel:
        """The opener that BACKENDS wants."""
        return SpeakingModel(spec, self.manner)


def program() -> None:
    """The command line with this model in it."""
    from promptbench.cli.main import main
    from promptbench.model.spec import BACKENDS

    BACKENDS["speaks"] = SpeakingBackend(Manner(**json.loads(os.environ.get("SPEAKING", "{}"))))
    main()


if __name__ == "__main__":
    program()

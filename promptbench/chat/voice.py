"""Let a model speak: one request in, pieces of text as they come, the whole completion out."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from promptbench.error import RunError
from promptbench.model.protocol import Model, Speaker
from promptbench.record import Completion, Request

Hear = Callable[[str], None]
"""Is given each piece of a text; "" is none, only a moment at which it may raise Stopped."""


class Stopped(KeyboardInterrupt):
    """Who listens has heard enough; the model is as usable as before."""


def speak(model: Model, request: Request, hear: Hear) -> Completion:
    """Run one request. Raises RunError if it fails, and Stopped if `hear` does.

    A KeyboardInterrupt from anywhere else may have left the model in the middle of a step: it
    loads its weights again then.
    """
    hear("")
    try:
        done = spoken(model, request, hear)
    except Stopped:
        raise
    except KeyboardInterrupt:
        model.release()
        raise
    if done.error:
        raise RunError(f"the model failed: {done.error}")
    return done


def spoken(model: Model, request: Request, hear: Hear) -> Completion:
    """The completion; where a model does not speak, `hear` gets all of the text at once."""
    if isinstance(model, Speaker):
        return model.speak(request, hear)
    found = [done for batch in model.stream([request]) for done in batch]
    if not found:
        raise RunError(f"{model.info.spec} gave no answer")
    if found[0].text:
        hear(found[0].text)
    return found[0]


class Brake:
    """While it is held, a first Ctrl-C only asks to stop; a second one is a KeyboardInterrupt.

    A first one can do more where `gentle` is false: nobody would hear it before the end.
    """

    def __init__(self, gentle: bool) -> None:
        """Not pulled."""
        self.gentle = gentle
        self.pulled = False
        self.before: Any = None

    def __enter__(self) -> Brake:
        """Take over Ctrl-C."""
        self.before = signal.signal(signal.SIGINT, self.pull)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        signal.signal(signal.SIGINT, self.before)

    def pull(self, number: int, frame: FrameType | None) -> None:
        """What Ctrl-C does."""
        if self.pulled or not self.gentle:
            raise KeyboardInterrupt
        self.pulled = True

    def heed(self) -> None:
        """Raise Stopped if it was pulled."""
        if self.pulled:
            raise Stopped

"""A batch that a model hands over: checked before it is stored, and dated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from promptbench.error import RunError
from promptbench.record import Completion, Request


def refuse_strangers(batch: Sequence[Completion], sent: Mapping[str, Request], model: str) -> None:
    """A model may leave a request unanswered, but not answer twice, or what it was not asked."""
    waiting = set(sent)
    for done in batch:
        if done.key not in waiting:
            raise RunError(
                f"{model} answered a request that it was not asked, or one twice",
                hint="Nothing of that batch was stored. It is a mistake in the model's backend.",
            )
        waiting.remove(done.key)


def now() -> str:
    """The time as the store writes it: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

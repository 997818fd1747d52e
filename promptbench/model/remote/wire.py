"""What is said to a server and how its answers are read: one small class an API.

Nothing here sends anything. A reply that does not say what it must is an error, never a score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from promptbench.record import FinishReason, Message, Request, Sampling

MOST_TOKENS = 1_000_000_000  # in one answer
MOST_LOGPROB = 1e9  # either way; infinity and NaN are no log-probabilities


class MalformedError(Exception):
    """A reply that is not what the API promises."""


class RefusedError(Exception):
    """The server answered that it will not answer this request."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server's answer says. `served` is the model that it names."""

    text: str
    served: str
    prompt_tokens: int
    output_tokens: int
    finish: FinishReason
    logprobs: tuple[float, ...] = ()
    pieces: tuple[str, ...] = ()
    cached_tokens: int = 0


class Gather(Protocol):
    """Takes one event after another."""

    def take(self, event: Any) -> str:
        """The text that an event brings, "" for none. Raises MalformedError or RefusedError."""
        ...

    def answer(self) -> Any:
        """The whole answer, with what is missing left out: who reads it will say so."""
        ...


class Wire(Protocol):
    """How one API is spoken."""

    path: str

    def headers(self, key: str) -> dict[str, str]:
        """What goes into the head of a request."""
        ...

    def body(self, request: Request, model: str) -> dict[str, Any]:
        """A request as the API wants it."""
        ...

    def read(self, answer: Any, request: Request) -> Reply:
        """What the answer says. Raises MalformedError or RefusedError."""
        ...

    def streamed(self, body: dict[str, Any]) -> dict[str, Any]:
        """A body that asks for the answer piece by piece."""
        ...

    def gather(self) -> Gather:
        """What puts such pieces together."""
        ...

    def unable(self, sampling: Sampling) -> str:
        """What of the sampling settings the API does not know, "" if it knows all."""
        ...


def part(value: Any, *path: str | int) -> Any:
    """What lies at a path of keys and positions. Raises MalformedError if nothing does."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            place = ".".join(map(str, path))
            raise MalformedError(f"the answer has no '{place}'") from None
    return value


def text_at(value: Any, *path: str | int) -> str:
    """The text at a path. Raises MalformedError for anything else."""
    found = part(value, *path)
    if not isinstance(found, str):
        raise MalformedError(f"'{'.'.join(map(str, path))}' of the answer is no text")
    return found


def count_at(value: Any, *path: str | int) -> int:
    """The number of tokens at a path. Raises MalformedError for anything else."""
    found = part(value, *path)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= MOST_TOKENS:
        raise MalformedError(f"'{'.'.join(map(str, path))}' of the answer is no count")
    return found


def finite(value: Any) -> float:
    """A log-probability. Raises MalformedError for what is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and -MOST_LOGPROB < value < MOST_LOGPROB:
        return float(value)
    raise MalformedError("a log-probability of the answer is no number")


def as_turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages as most APIs want them."""
    return [{"role": message.role, "content": message.text} for message in messages]


def before_stop(text: str, stops: Sequence[str]) -> str:
    """A text up to its first stop string; all of it where it has none."""
    found = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(found, default=len(text))]


def unknown(sampling: Sampling, *names: str) -> str:
    """Which of the named settings are asked for and not known, in words."""
    plain = Sampling()
    asked = [name for name in names if getattr(sampling, name) != getattr(plain, name)]
    return f"it does not know {', '.join(asked)}" if asked else ""


def finish_of(reason: Any, known: Mapping[str, FinishReason]) -> FinishReason:
    """Why an output ended. Raises RefusedError for what is no end of an answer."""
    if reason in known:
        return known[reason]
    raise RefusedError(f"it ended its answer with '{reason}'")

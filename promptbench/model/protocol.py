"""The one protocol of a model: prompts are encoded, requests stream in, completions stream out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from promptbench.model.cluster.settings import Cluster
from promptbench.model.remote.budget import Budget
from promptbench.model.remote.settings import ServerSettings
from promptbench.record import Completion, Encoded, Message, Request, Sampling

Family = Literal["decoder-only", "encoder-decoder", "encoder-only", "server"]
Notify = Callable[[str], None]

IN_BATCHES = ("requests go", "in batches")
"""Among the details of a model whose answers may take a day."""


def quiet(message: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model is. `identity` is the digest of all that can change its output.

    `context` is in tokens, prompt and output together for a decoder; 0 means no fixed limit.
    `writes` says whether it can write a text, `chooses` whether it can tell the likeliest of
    given answers. `training` is the course of the fine-tuning that made it, empty where none did
    (model/local/trained.py).
    """

    spec: str
    identity: str
    family: Family
    architecture: str
    parameters: int
    context: int
    backend: str
    details: tuple[tuple[str, str], ...] = ()
    writes: bool = True
    chooses: bool = False
    training: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Setup:
    """How to open a model. A relative path starts from `folder`; `notify` is told of long steps.

    `max_memory` bounds what it may take beside its weights, in bytes; None leaves it a share of
    what is free. `device` is "cpu", "cuda" or "" for the best that is there; `precision` is
    "float32", "bfloat16", "float16", "int8" or "" for what suits the device. `server` is for models
    behind an API, and `budget` is what all of a run may cost. `fresh` wants nothing of what was
    answered before. With a `cluster`, its workers answer.
    """

    folder: Path
    notify: Notify = quiet
    max_memory: int | None = None
    device: str = ""
    precision: str = ""
    server: ServerSettings = field(default_factory=ServerSettings)
    budget: Budget = field(default_factory=Budget)
    cluster: Cluster | None = None
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """A token as text, special or not, with its characters `start` to `end` in the prompt."""

    text: str
    start: int
    end: int
    special: bool


class Model(Protocol):
    """Streams completions for requests. Opening one is cheap: weights load at the first stream."""

    info: ModelInfo

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """Apply the chat template and tokenize. Raises ModelError if the template refuses."""
        ...

    def tokens(self, encoded: Encoded) -> list[TokenSpan]:
        """The prompt token by token, in order; empty where the backend does not tell."""
        ...

    def room(self, sampling: Sampling) -> int:
        """Tokens of its context that an answer takes beside the prompt, at most."""
        ...

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """Yield completions batch by batch, in any order, each carrying its request's key.

        A request that fails alone is a completion with an `error`; RunError ends the stream.
        """
        ...

    def release(self) -> None:
        """Let go of the weights; a later stream loads them again."""
        ...


@runtime_checkable
class Speaker(Protocol):
    """A model whose answer can be heard while it is written."""

    def speak(self, request: Request, hear: Callable[[str], None]) -> Completion:
        """Run one request, and let each new piece of its text be heard.

        The pieces put together are the completion's text: whole characters, no white space around
        it, nothing of a stop string. `hear` may raise KeyboardInterrupt to end the answer; the
        model can be asked again after that.
        """
        ...

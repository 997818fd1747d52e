"""The words of the project as frozen records: what flows from one layer to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]
Direction = Literal["higher", "lower", "none"]
FinishReason = Literal["stop", "stop_string", "length", ""]
RunStatus = Literal["running", "interrupted", "failed", "complete"]


@dataclass(frozen=True, slots=True)
class Case:
    """One row of data. `variables` are what a template sees; the references are kept from it."""

    id: str
    variables: Mapping[str, Any]
    references: tuple[str, ...] = ()
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A named block of a prompt: characters `start` to `end` (exclusive) of its message's text."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a rendered prompt."""

    role: Role
    text: str
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A template file. Its version is `digest`, over its own source and that of its parents."""

    name: str
    path: str
    source: str
    digest: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. `temperature` 0 is greedy; `top_k` 0 and `top_p` 1 are off."""

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0

    def canonical(self) -> dict[str, Any]:
        """The settings that can change the output, and no others: greedy knows no seed."""
        fixed = {
            "max_tokens": self.max_tokens,
            "repetition_penalty": self.repetition_penalty,
            "stop": sorted(self.stop),
            "temperature": self.temperature,
        }
        if self.temperature == 0:
            return fixed
        return fixed | {"top_p": self.top_p, "top_k": self.top_k, "seed": self.seed}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Prompt x model x sampling settings: the thing that is compared. `name` is unique in a run."""

    name: str
    prompt: Prompt
    model: str
    model_identity: str
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt as the model sees it: its text, special tokens included, and its token ids.

    `tokens` is the length in tokens. A server keeps its ids to itself: then `ids` is empty.
    """

    text: str
    ids: tuple[int, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Request:
    """One case rendered for one candidate and repeat. `key` is its fingerprint."""

    key: str
    messages: tuple[Message, ...]
    encoded: Encoded
    sampling: Sampling
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back for the request `key`.

    `seconds` is what the row cost: its share of its batch's wall time, or a server's latency.
    A completion with an `error` has no text that may be scored.
    """

    key: str
    text: str
    prompt_tokens: int
    output_tokens: int
    finish_reason: FinishReason
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A metric's value for one completion; None is `unscored`, and `reason` says why."""

    metric: str
    value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric as a suite asks for it; `where` (file:line) is for messages about it."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """What a reader must know of a metric. `low` and `high` bound its range (None: no bound)."""

    name: str
    label: str
    direction: Direction
    low: float | None = 0.0
    high: float | None = 1.0
    binary: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One cell of a run: the candidate's output for a case and repeat, with its scores.

    `completion` is None while it has not been generated.
    """

    candidate: str
    case_id: str
    repeat: int
    completion: Completion | None
    scores: Mapping[str, Score] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a suite, as the store knows it.

    `manifest` holds what is needed to judge and repeat it: versions, digests, seeds, hardware.
    `seconds` is the wall time spent generating, over all the sittings that the run took.
    """

    id: str
    suite: str
    description: str
    created: str
    status: RunStatus
    split: str
    repeats: int
    primary: str
    metrics: tuple[MetricInfo, ...]
    candidates: tuple[Candidate, ...]
    seconds: float
    manifest: Mapping[str, Any]

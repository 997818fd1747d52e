"""The words of the project as frozen records: what flows from one layer to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]
Direction = Literal["higher", "lower", "none"]
FinishReason = Literal["stop", "stop_string", "length", "choice", ""]
Normalise = Literal["none", "tokens", "characters"]
Parser = Literal["exact", "first", "last"]
RunStatus = Literal["running", "interrupted", "failed", "complete"]
GateVerdict = Literal["passed", "failed", "undecided"]
Preference = Literal["left", "right", "tie", "skip"]


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
class Labels:
    """The answers of a classification: `words[i]` are the texts that mean `names[i]`.

    `parser` says how a written answer is read: "exact", if it is a word and nothing else; "first"
    or "last", by the first or last word that occurs in it.
    """

    names: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    parser: Parser = "first"


@dataclass(frozen=True, slots=True)
class Choice:
    """Answers to choose from: `words[i]` are the texts that may stand for the label `labels[i]`.

    A word's log-likelihood is the sum over its tokens, or with `normalise` their mean, or the sum
    over the word's number of characters.
    """

    labels: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    normalise: Normalise = "none"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the answer is found: by writing it token by token, or by a `choice` among labels.

    `temperature` 0 is greedy; `top_k` 0 and `top_p` 1 are off. `logprobs` asks for the
    log-probability of each token that is written.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    logprobs: bool = False
    choice: Choice | None = None

    def canonical(self) -> dict[str, Any]:
        """The settings that can change the output, and no others: greedy knows no seed."""
        if self.choice is not None:
            return {"choice": asdict(self.choice)}
        fixed: dict[str, Any] = {
            "max_tokens": self.max_tokens,
            "repetition_penalty": self.repetition_penalty,
            "stop": sorted(self.stop),
            "temperature": self.temperature,
        }
        if self.logprobs:
            fixed["logprobs"] = True
        if self.temperature == 0:
            return fixed
        return fixed | {"top_p": self.top_p, "top_k": self.top_k, "seed": self.seed}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Prompt x model x sampling settings: the thing that is compared. `name` is unique in a run.

    In a chat, `memory` says what of a dialogue comes back into its prompts ("last:6").
    """

    name: str
    prompt: Prompt
    model: str
    model_identity: str
    sampling: Sampling
    memory: str = ""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt as the model sees it: its text, special tokens included, and its token ids.

    `tokens` is the length in tokens. A server keeps its ids to itself: then `ids` is empty.
    """

    text: str
    ids: tuple[int, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The prompt of the request `key` as its model saw it, special tokens included.

    `messages` is what the template rendered, before the model's chat template went around it.
    """

    key: str
    text: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One case rendered for one candidate and repeat. `key` is its fingerprint.

    Requests of one `session` are the turns of one dialogue, which come one after another: most of
    what the next one says was said in the one before. "" is none. It can change no output.
    """

    key: str
    messages: tuple[Message, ...]
    encoded: Encoded
    sampling: Sampling
    repeat: int = 0
    session: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back for the request `key`.

    `seconds` is what the row cost: its share of its batch's wall time, or a server's latency.
    A completion with an `error` has no text that may be scored. Where the request was to choose,
    `text` is the label, and `choices` has the log-likelihood of every label, in their order.
    `logprobs` are those of the tokens written, where they were asked for: of the model's own
    distribution, before temperature and penalties. `ends` says, for each of these tokens, how many
    characters of `text` are written when it is; it is empty where that is unknown. `cost` is in the
    currency of the price that the suite states, None where it states none.
    """

    key: str
    text: str
    prompt_tokens: int
    output_tokens: int
    finish_reason: FinishReason
    seconds: float
    error: str = ""
    choices: tuple[float, ...] = ()
    logprobs: tuple[float, ...] = ()
    ends: tuple[int, ...] = ()
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A metric's value for one completion; None is `unscored`, and `reason` says why.

    A value may have a reason too: why an answer that nobody can read is wrong, not unscored.
    `parts` is what a pooled metric needs of this completion (see MetricInfo), or what else a
    report tells of it.
    """

    metric: str
    value: float | None
    reason: str = ""
    parts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Control:
    """What a metric makes, for a case, of a text that no candidate wrote: a constant answer."""

    name: str
    case_id: str
    score: Score


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric as a suite asks for it; `where` (file:line) is for messages about it."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """What a reader must know of a metric. `low` and `high` bound its range (None: no bound).

    A figure over cases is the mean of their values, or, where `pool` names a function of
    promptbench.metric.pool, that function of the parts of all of them, such as macro-F1. The
    value of a case is then only a reading of it. `binary` says that those values are 0 or 1.
    """

    name: str
    label: str
    direction: Direction
    low: float | None = 0.0
    high: float | None = 1.0
    binary: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    pool: str = ""


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
class Turn:
    """One turn of a dialogue in a run: what the user said, and what came back.

    `number` counts from 1. `key` is the fingerprint of the reply's request, "" for a reply that the
    data gives; `case_id` names the case that the turn is, "" for one that is not checked. `kept`
    has the numbers of the earlier turns that stood in the prompt as they were said, `summary` what
    stood there for the others. `mood` is the tone of the user's words from -1 to 1, `rule` the
    name of the tone rule that it chose. `memory_tokens` were read and written to remember.
    """

    candidate: str
    dialogue: str
    repeat: int
    number: int
    user: str
    reply: str
    key: str = ""
    case_id: str = ""
    kept: tuple[int, ...] = ()
    summary: str = ""
    mood: float = 0.0
    rule: str = ""
    prompt_tokens: int = 0
    output_tokens: int = 0
    memory_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near an output comes to the nearest training target, from 0 to 1 (metric.nearest).

    `own` is the same of the case's own references, their mean: how near an answer comes that
    copies nothing; None where there is no reference. `train` is the id of the target's case.
    """

    candidate: str
    case_id: str
    repeat: int
    value: float
    own: float | None
    train: str
    target: str


@dataclass(frozen=True, slots=True)
class Rating:
    """A person's verdict on two outputs for one case, whose candidates they were not told.

    `left` and `right` are the candidates by the sides on which their outputs stood. `references`
    says that the case's references were shown; `seconds` is how long the two were looked at.
    """

    rater: str
    case_id: str
    left: str
    right: str
    left_repeat: int
    right_repeat: int
    verdict: Preference
    note: str = ""
    seconds: float = 0.0
    references: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a suite, as the store knows it.

    `manifest` holds what is needed to judge and repeat it: versions, digests, seeds, hardware.
    `seconds` is the wall time spent generating, over all the sittings that the run took. `stopped`
    has the candidates that a race took out as beaten, and after how many cases each.
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
    stopped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A gate of the suite, which stands on its `line`, and what became of it in a run.

    `figure` is what was looked at, in words; `reason` is why the gate did not pass. `mean`, `low`
    and `high` are the figure in numbers, of the candidate that decided; None where there is none.
    """

    gate: str
    line: int
    verdict: GateVerdict
    metric: str
    candidate: str
    figure: str
    reason: str = ""
    mean: float | None = None
    low: float | None = None
    high: float | None = None

"""One request under way: its tokens, where it ends, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from promptbench.model.local.written import token_ends
from promptbench.record import Completion, Encoded, FinishReason, Request

Decode = Callable[[Sequence[int]], str]
Continue = Callable[[Encoded, Sequence[str]], list[tuple[int, ...]]]


@dataclass(frozen=True, slots=True)
class Ends:
    """What a tokenizer knows of outputs.

    `ids` end one; `decode` makes text of one, to look for stop strings; `continue_with` gives the
    tokens of words that could follow a prompt.
    """

    ids: frozenset[int]
    decode: Decode
    continue_with: Continue


class Chooses(Protocol):
    """Chooses a row's tokens, from logits of shape [vocabulary] as its engine makes them."""

    def choose(self, logits: Any) -> int:
        """The next token."""
        ...

    def logprob(self, logits: Any, token: int) -> float:
        """The token's log-probability in the model's own distribution."""
        ...


@dataclass(slots=True)
class Row:
    """The output of one request so far. `seconds` is the wall time that fell to it."""

    request: Request
    chooser: Chooses
    ends: Ends
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    finish: FinishReason = ""
    text: str = ""
    seconds: float = 0.0

    @property
    def room(self) -> int:
        """Tokens that may be written after the prompt."""
        return self.request.sampling.max_tokens

    def hear(self, nodes: Sequence[int], logits: Any) -> None:
        """Take the next token, from logits [1, vocabulary]."""
        token = self.chooser.choose(logits[0])
        if self.request.sampling.logprobs:
            self.logprobs.append(self.chooser.logprob(logits[0], token))
        self.take(token)

    def take(self, token: int) -> None:
        """Add the next token and see whether the output ends there."""
        self.tokens.append(token)
        sampling = self.request.sampling
        if token in self.ends.ids:
            self.finish = "stop"
            return
        if sampling.stop:
            text = self.ends.decode(self.tokens)
            cut = min((at for s in sampling.stop if (at := text.find(s)) >= 0), default=-1)
            if cut >= 0:
                self.finish, self.text = "stop_string", text[:cut]
                return
        if len(self.tokens) >= sampling.max_tokens:
            self.finish = "length"

    def done(self) -> Row:
        """The finished row."""
        return self

    def completion(self) -> Completion:
        """The finished row's; white space around the text is not part of the answer."""
        stopped = self.finish == "stop_string"
        text = self.text if stopped else self.ends.decode(self.written())
        return Completion(
            key=self.request.key,
            text=text.strip(),
            prompt_tokens=self.request.encoded.tokens,
            output_tokens=len(self.tokens),
            finish_reason=self.finish,
            seconds=self.seconds,
            logprobs=tuple(self.logprobs),
            ends=token_ends(self.ends.decode, self.tokens, text) if self.logprobs else (),
        )

    def written(self) -> list[int]:
        """The tokens of the answer: not every model's end is a special token that none sees."""
        return self.tokens[:-1] if self.finish == "stop" else self.tokens


Listen = Callable[[Row], None]
"""Is told of a row each time that it has a new token."""


def nobody(row: Row) -> None:
    """Listen to nothing."""

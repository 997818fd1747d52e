"""One request under way: its tokens, where it ends, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from promptbench.model.local.choose import Chooser
from promptbench.record import Completion, FinishReason, Request

Decode = Callable[[Sequence[int]], str]


@dataclass(frozen=True, slots=True)
class Ends:
    """What ends an output: these token ids, and how to look for stop strings in the text."""

    ids: frozenset[int]
    decode: Decode


@dataclass(slots=True)
class Row:
    """The output of one request so far. `seconds` is the wall time that fell to it."""

    request: Request
    chooser: Chooser
    tokens: list[int] = field(default_factory=list)
    finish: FinishReason = ""
    text: str = ""
    seconds: float = 0.0

    def take(self, token: int, ends: Ends) -> None:
        """Add the next token and see whether the output ends there."""
        self.tokens.append(token)
        sampling = self.request.sampling
        if token in ends.ids:
            self.finish = "stop"
            return
        if sampling.stop:
            text = ends.decode(self.tokens)
            cut = min((at for s in sampling.stop if (at := text.find(s)) >= 0), default=-1)
            if cut >= 0:
                self.finish, self.text = "stop_string", text[:cut]
                return
        if len(self.tokens) >= sampling.max_tokens:
            self.finish = "length"

    def completion(self, ends: Ends) -> Completion:
        """The finished row; white space around the text is not part of the answer."""
        text = self.text if self.finish == "stop_string" else ends.decode(self.written())
        return Completion(
            key=self.request.key,
            text=text.strip(),
            prompt_tokens=self.request.encoded.tokens,
            output_tokens=len(self.tokens),
            finish_reason=self.finish,
            seconds=self.seconds,
        )

    def written(self) -> list[int]:
        """The tokens of the answer: not every model's end is a special token that none sees."""
        return self.tokens[:-1] if self.finish == "stop" else self.tokens


def begin(request: Request, before: Sequence[int] | None = None) -> Row:
    """A request's row before its first token.

    `before` is what the output continues and may be penalized for repeating: the prompt by default.
    """
    seen = request.encoded.ids if before is None else before
    return Row(request, Chooser(request.sampling, request.key, seen))

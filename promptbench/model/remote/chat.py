"""The OpenAI API: chat completions, and completions of a plain text.

Gemini's compatible route, vLLM, SGLang, LM Studio and llama.cpp's server speak it as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptbench.model.remote.gather import GatherChoices
from promptbench.model.remote.wire import (
    Gather,
    MalformedError,
    RefusedError,
    Reply,
    as_turns,
    before_stop,
    count_at,
    finish_of,
    finite,
    part,
    text_at,
    unknown,
)
from promptbench.record import FinishReason, Request, Sampling

ENDS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "eos": "stop"}
MOST_STOPS = 4
STREAMED = {"stream": True, "stream_options": {"include_usage": True}}
NO_LOGPROBS = "it gives no log-probabilities; take `logprobs` out of the suite"


class ChatWire:
    """POST /chat/completions (platform.openai.com/docs/api-reference/chat/create)."""

    path = "/chat/completions"

    def __init__(self, hosted: bool = False, context: int = 0) -> None:
        """`hosted` is OpenAI's own service, whose newer models know no `max_tokens`.

        `context` is in tokens, prompt and output together; 0 is not known.
        """
        self.hosted = hosted
        self.context = context

    def headers(self, key: str) -> dict[str, str]:
        """See Wire."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def body(self, request: Request, model: str) -> dict[str, Any]:
        """See Wire."""
        limit = "max_completion_tokens" if self.hosted else "max_tokens"
        body = {"model": model, "messages": as_turns(request.messages)}
        return (
            body
            | sampled(request.sampling, request.repeat, limit)
            | ({"logprobs": True} if request.sampling.logprobs else {})
        )

    def read(self, answer: Any, request: Request) -> Reply:
        """See Wire."""
        choice = part(answer, "choices", 0)
        message = part(choice, "message")
        text = message.get("content") if isinstance(message, dict) else None
        if text is None and isinstance(message, dict) and isinstance(message.get("refusal"), str):
            text = message["refusal"]
        if not isinstance(text, str):
            raise MalformedError("'choices.0.message.content' of the answer is no text")
        text, finish = ended(text, choice, request.sampling.stop)
        tokens = logprobs_of(choice) if request.sampling.logprobs else []
        return Reply(
            text,
            text_at(answer, "model"),
            *counts(answer, self.context),
            finish,
            tuple(probability for _, probability in tokens),
            tuple(piece for piece, _ in tokens),
        )

    def streamed(self, body: dict[str, Any]) -> dict[str, Any]:
        """See Wire."""
        return body | STREAMED

    def gather(self) -> Gather:
        """See Wire."""
        return GatherChoices(chat=True)

    def unable(self, sampling: Sampling) -> str:
        """See Wire."""
        return unable(sampling)


class CompletionsWire:
    """POST /completions: the prompt is one text, without any chat template."""

    path = "/completions"

    def __init__(self, context: int = 0) -> None:
        """`context` is in tokens, prompt and output together; 0 is not known."""
        self.context = context

    def headers(self, key: str) -> dict[str, str]:
        """See Wire."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def body(self, request: Request, model: str) -> dict[str, Any]:
        """See Wire."""
        sampling = request.sampling
        body = {"model": model, "prompt": request.encoded.text}
        return (
            body
            | sampled(sampling, request.repeat, "max_tokens")
            | ({"logprobs": 1} if sampling.logprobs else {})
        )

    def read(self, answer: Any, request: Request) -> Reply:
        """See Wire."""
        choice = part(answer, "choices", 0)
        text, finish = ended(text_at(choice, "text"), choice, request.sampling.stop)
        pieces: tuple[str, ...] = ()
        logprobs: tuple[float, ...] = ()
        if request.sampling.logprobs:
            if choice.get("logprobs") is None:
                raise RefusedError(NO_LOGPROBS)
            pieces = tuple(map(str, part(choice, "logprobs", "tokens")))
            logprobs = tuple(map(finite, part(choice, "logprobs", "token_logprobs")))
        return Reply(
            text,
            text_at(answer, "model"),
            *counts(answer, self.context),
            finish,
            logprobs,
            pieces,
        )

    def streamed(self, body: dict[str, Any]) -> dict[str, Any]:
        """See Wire."""
        return body | STREAMED

    def gather(self) -> Gather:
        """See Wire."""
        return GatherChoices(chat=False)

    def unable(self, sampling: Sampling) -> str:
        """See Wire."""
        return unable(sampling)


def sampled(sampling: Sampling, repeat: int, limit: str) -> dict[str, Any]:
    """The sampling settings; a draw's seed counts its repeat, so that repeats differ."""
    body: dict[str, Any] = {limit: sampling.max_tokens, "temperature": sampling.temperature}
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if sampling.temperature:
        body |= {"top_p": sampling.top_p, "seed": sampling.seed + repeat}
    return body


def ended(text: str, choice: Any, stops: Sequence[str]) -> tuple[str, FinishReason]:
    """The text of a choice before its first stop string, and why it ended. Raises RefusedError.

    The API leaves the stop string out. `transformers serve` leaves it in, with what came in the
    same token, or ignores it (continuous batching).
    """
    finish = finish_of(part(choice, "finish_reason"), ENDS)
    said = before_stop(text, stops)
    return (text, finish) if said == text else (said, "stop_string")


def counts(answer: Any, context: int) -> tuple[int, int]:
    """Tokens read and written. Raises RefusedError for more than the context holds.

    Most servers refuse that themselves; `transformers serve` lets the model read on.
    """
    read = count_at(answer, "usage", "prompt_tokens")
    written = count_at(answer, "usage", "completion_tokens")
    if context and read + written > context:
        raise RefusedError(
            f"prompt and output came to {read + written:,} tokens, more than the context of"
            f" {context:,} that the suite states"
        )
    return read, written


def unable(sampling: Sampling) -> str:
    """What the API does not know of some settings."""
    if len(sampling.stop) > MOST_STOPS:
        return f"it takes {MOST_STOPS} stop strings at most"
    return unknown(sampling, "top_k", "repetition_penalty", "choice")


def logprobs_of(choice: Any) -> list[tuple[str, float]]:
    """Each token that was written with its log-probability. Raises RefusedError without them."""
    content = choice.get("logprobs") if isinstance(choice, dict) else None
    if not isinstance(content, dict) or not isinstance(content.get("content"), list):
        raise RefusedError(NO_LOGPROBS)
    return [(text_at(one, "token"), finite(part(one, "logprob"))) for one in content["content"]]

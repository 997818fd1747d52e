"""Ollama's native API, where the size of the context can be set and what was read is told."""

from __future__ import annotations

from typing import Any

from promptbench.model.remote.gather import GatherLines
from promptbench.model.remote.wire import (
    Gather,
    RefusedError,
    Reply,
    as_turns,
    count_at,
    finish_of,
    part,
    text_at,
    unknown,
)
from promptbench.record import FinishReason, Request, Sampling

ENDS: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


class OllamaWire:
    """POST /api/chat (docs.ollama.com/api). A prompt that is too long it would cut in silence."""

    path = "/api/chat"

    def __init__(self, context: int) -> None:
        """`context` is in tokens: prompt and output together."""
        self.context = context

    def headers(self, key: str) -> dict[str, str]:
        """See Wire."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def body(self, request: Request, model: str) -> dict[str, Any]:
        """See Wire."""
        sampling = request.sampling
        options: dict[str, Any] = {
            "num_ctx": self.context,
            "num_predict": sampling.max_tokens,
            "temperature": sampling.temperature,
            "repeat_penalty": sampling.repetition_penalty,
        }
        if sampling.stop:
            options["stop"] = list(sampling.stop)
        if sampling.temperature:
            options |= {"top_p": sampling.top_p, "seed": sampling.seed + request.repeat}
            options |= {"top_k": sampling.top_k} if sampling.top_k else {}
        return {
            "model": model,
            "messages": as_turns(request.messages),
            "stream": False,
            "options": options,
        }

    def read(self, answer: Any, request: Request) -> Reply:
        """See Wire. A prompt that leaves no room for the output may have been cut."""
        if part(answer, "done") is not True:
            raise RefusedError("it did not come to the end of its answer")
        read = count_at(answer, "prompt_eval_count")
        if read + request.sampling.max_tokens > self.context:
            over = read + request.sampling.max_tokens - self.context
            raise RefusedError(
                f"prompt and output need {over:,} tokens more than its context of"
                f" {self.context:,}: set `context:` of the model"
            )
        return Reply(
            text_at(answer, "message", "content"),
            text_at(answer, "model"),
            read,
            count_at(answer, "eval_count"),
            finish_of(part(answer, "done_reason"), ENDS),
        )

    def streamed(self, body: dict[str, Any]) -> dict[str, Any]:
        """See Wire."""
        return body | {"stream": True}

    def gather(self) -> Gather:
        """See Wire."""
        return GatherLines()

    def unable(self, sampling: Sampling) -> str:
        """See Wire."""
        return unknown(sampling, "logprobs", "choice")

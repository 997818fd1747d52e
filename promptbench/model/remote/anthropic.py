"""Anthropic's Messages API."""

from __future__ import annotations

from typing import Any

from promptbench.model.remote.gather import GatherBlocks
from promptbench.model.remote.wire import (
    Gather,
    MalformedError,
    Reply,
    as_turns,
    count_at,
    finish_of,
    part,
    text_at,
    unknown,
)
from promptbench.record import FinishReason, Request, Sampling

VERSION = "2023-06-01"
ENDS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "max_tokens": "length",
    "stop_sequence": "stop_string",
    "refusal": "stop",
}


class AnthropicWire:
    """POST /v1/messages (docs.anthropic.com/en/api/messages). It knows no seed."""

    path = "/messages"

    def headers(self, key: str) -> dict[str, str]:
        """See Wire."""
        return {"anthropic-version": VERSION} | ({"x-api-key": key} if key else {})

    def body(self, request: Request, model: str) -> dict[str, Any]:
        """See Wire. The system message stands apart from the turns."""
        sampling = request.sampling
        first, *rest = request.messages
        system = first.text if first.role == "system" else ""
        turns = as_turns(rest if system else request.messages)
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": sampling.max_tokens,
            "messages": turns,
            "temperature": sampling.temperature,
        }
        if system:
            body["system"] = system
        if sampling.stop:
            body["stop_sequences"] = list(sampling.stop)
        if sampling.temperature and sampling.top_p != 1:
            body["top_p"] = sampling.top_p
        if sampling.temperature and sampling.top_k:
            body["top_k"] = sampling.top_k
        return body

    def read(self, answer: Any, request: Request) -> Reply:
        """See Wire."""
        finish = finish_of(part(answer, "stop_reason"), ENDS)
        blocks = part(answer, "content")
        if not isinstance(blocks, list):
            raise MalformedError("'content' of the answer is no list")
        text = "".join(text_at(one, "text") for one in blocks if part(one, "type") == "text")
        usage = part(answer, "usage")
        kept, made = (
            count_at(usage, name) if isinstance(usage, dict) and usage.get(name) else 0
            for name in ("cache_read_input_tokens", "cache_creation_input_tokens")
        )
        return Reply(
            text,
            text_at(answer, "model"),
            count_at(usage, "input_tokens") + kept + made,
            count_at(usage, "output_tokens"),
            finish,
            cached_tokens=kept,
        )

    def streamed(self, body: dict[str, Any]) -> dict[str, Any]:
        """See Wire."""
        return body | {"stream": True}

    def gather(self) -> Gather:
        """See Wire."""
        return GatherBlocks()

    def unable(self, sampling: Sampling) -> str:
        """See Wire."""
        if sampling.temperature > 1:
            return "its temperature goes up to 1"
        return unknown(sampling, "repetition_penalty", "logprobs", "choice")

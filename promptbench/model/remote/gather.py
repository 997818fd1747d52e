"""Put an answer that came in pieces together again, as if the server had sent it whole.

So an answer that was heard while it came is read, and checked, by the very code that reads others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptbench.model.remote.wire import MalformedError, RefusedError, part, text_at


class GatherChoices:
    """OpenAI's events: `choices` with a delta, or with a text, and last of all the usage."""

    def __init__(self, chat: bool) -> None:
        """`chat` is the chat API, not that of completions."""
        self.chat = chat
        self.text = ""
        self.facts: dict[str, Any] = {}
        self.ending: dict[str, Any] = {}

    def take(self, event: Any) -> str:
        """See Gather."""
        refuse_errors(event)
        self.facts |= {k: event[k] for k in ("model", "usage") if event.get(k)}
        piece = ""
        for choice in part(event, "choices"):
            piece += (said_in(choice) if self.chat else text_at(choice, "text")) or ""
            if choice.get("finish_reason"):
                self.ending = {"finish_reason": choice["finish_reason"]}
        self.text += piece
        return piece

    def answer(self) -> Any:
        """See Gather."""
        said = {"message": {"content": self.text}} if self.chat else {"text": self.text}
        return {"choices": [said | self.ending]} | self.facts


class GatherBlocks:
    """Anthropic's events: the message begins, blocks grow, the message ends."""

    def __init__(self) -> None:
        """Nothing has come."""
        self.text = ""
        self.message: dict[str, Any] = {}
        self.usage: dict[str, Any] = {}

    def take(self, event: Any) -> str:
        """See Gather."""
        refuse_errors(event)
        kind, piece = part(event, "type"), ""
        if kind == "message_start":
            self.message |= {"model": part(event, "message", "model")}
            self.usage |= part(event, "message", "usage")
        elif kind == "content_block_delta" and part(event, "delta", "type") == "text_delta":
            piece = text_at(event, "delta", "text")
        elif kind == "message_delta":
            self.message |= {"stop_reason": part(event, "delta", "stop_reason")}
            self.usage |= event.get("usage") or {}
        self.text += piece
        return piece

    def answer(self) -> Any:
        """See Gather."""
        blocks = [{"type": "text", "text": self.text}]
        return {**self.message, "content": blocks, "usage": self.usage}


class GatherLines:
    """Ollama's lines: each has a piece of the message, the last one counts the tokens."""

    def __init__(self) -> None:
        """Nothing has come."""
        self.text = ""
        self.last: dict[str, Any] = {}

    def take(self, event: Any) -> str:
        """See Gather."""
        refuse_errors(event)
        piece = text_at(event, "message", "content")
        self.text += piece
        self.last = dict(event)
        return piece

    def answer(self) -> Any:
        """See Gather."""
        return self.last | {"message": {"content": self.text}}


def said_in(choice: Any) -> Any:
    """What a delta brings, if it brings text."""
    delta = part(choice, "delta")
    if not isinstance(delta, Mapping):
        raise MalformedError("a piece of the answer has no delta")
    return delta.get("content")


def refuse_errors(event: Any) -> None:
    """An event may be an error that came too late for a status. Raises RefusedError."""
    if not isinstance(event, Mapping):
        raise MalformedError("a piece of the answer is no object")
    if said := event.get("error"):
        words = said.get("message", said) if isinstance(said, Mapping) else said
        raise RefusedError(f"it broke off: {str(words)[:300]}")

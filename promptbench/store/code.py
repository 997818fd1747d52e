"""Records to JSON text and back, the same bytes for the same record."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence
from dataclasses import asdict
from sys import intern
from typing import Any, cast

from promptbench.record import (
    Candidate,
    Case,
    Choice,
    Completion,
    FinishReason,
    Judgement,
    Message,
    MetricInfo,
    Prompt,
    Run,
    RunStatus,
    Sampling,
    Section,
)

# What of a run changes while it goes on, and so has columns of its own, or a table.
COLUMNS = ("id", "created", "status", "seconds", "stopped")


def dumps(value: Any) -> str:
    """Compact JSON with sorted keys; a lone surrogate survives as an escape."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def body_digest(text: str) -> str:
    """SHA-256 of a body."""
    return hashlib.sha256(text.encode()).hexdigest()


def case_json(case: Case) -> str:
    """A case as text."""
    return dumps(asdict(case))


def case_from(text: str) -> Case:
    """A case from its text."""
    value = json.loads(text)
    return Case(value["id"], value["variables"], tuple(value["references"]), value["cluster"])


def messages_json(messages: Sequence[Message]) -> str:
    """A rendered prompt with its sections as text."""
    return dumps([asdict(m) for m in messages])


def messages_from(text: str) -> tuple[Message, ...]:
    """A rendered prompt from its text."""
    return tuple(
        Message(one["role"], one["text"], tuple(Section(**each) for each in one["sections"]))
        for one in json.loads(text)
    )


def header_json(run: Run) -> str:
    """All of a run that does not change while it goes on."""
    return dumps({k: v for k, v in asdict(run).items() if k not in COLUMNS})


def run_from(run_id: str, created: str, status: RunStatus, seconds: float, text: str) -> Run:
    """A run from its columns and its header."""
    value = json.loads(text)
    return Run(
        id=run_id,
        created=created,
        status=status,
        seconds=seconds,
        metrics=tuple(MetricInfo(**m) for m in value.pop("metrics")),
        candidates=tuple(candidate_from(c) for c in value.pop("candidates")),
        **value,
    )


def judgement_json(judgement: Judgement) -> str:
    """What became of a gate as text."""
    return dumps(asdict(judgement))


def judgement_from(text: str) -> Judgement:
    """What became of a gate from its text."""
    return Judgement(**json.loads(text))


def packed(values: Sequence[float]) -> bytes:
    """Numbers as little-endian doubles."""
    return struct.pack(f"<{len(values)}d", *values)


def unpacked(data: bytes) -> tuple[float, ...]:
    """Numbers from little-endian doubles."""
    return struct.unpack(f"<{len(data) // 8}d", data)


def packed_counts(values: Sequence[int]) -> bytes:
    """Whole numbers as little-endian 32-bit ones."""
    return struct.pack(f"<{len(values)}I", *values)


def unpacked_counts(data: bytes) -> tuple[int, ...]:
    """Whole numbers from little-endian 32-bit ones."""
    return struct.unpack(f"<{len(data) // 4}I", data)


def completion_from(row: Sequence[Any]) -> Completion:
    """A completion from its key and its columns, in the order of its fields."""
    key, text, prompt_tokens, output_tokens, reason, seconds, error, *others = row
    choices, logprobs, ends, cost = others
    return Completion(
        key=key,
        text=text,
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        finish_reason=cast(FinishReason, intern(reason)),
        seconds=seconds,
        error=error,
        choices=unpacked(choices),
        logprobs=unpacked(logprobs),
        ends=unpacked_counts(ends),
        cost=cost,
    )


def candidate_from(value: dict[str, Any]) -> Candidate:
    """A candidate from its part of the header."""
    sampling = dict(value["sampling"])
    choice = sampling.pop("choice", None)
    return Candidate(
        name=value["name"],
        prompt=Prompt(**value["prompt"]),
        model=value["model"],
        model_identity=value["model_identity"],
        sampling=Sampling(
            **{**sampling, "stop": tuple(sampling["stop"])},
            choice=None if choice is None else choice_from(choice),
        ),
        memory=value.get("memory", ""),
    )


def choice_from(value: dict[str, Any]) -> Choice:
    """A choice from its part of the header."""
    words = tuple(tuple(one) for one in value["words"])
    return Choice(tuple(value["labels"]), words, value["normalise"])

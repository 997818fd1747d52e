"""Small runs for the tests: a table of scores in, records out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptbench.record import (
    Candidate,
    Case,
    Completion,
    Direction,
    FinishReason,
    MetricInfo,
    Prompt,
    Run,
    RunStatus,
    Sample,
    Sampling,
    Score,
)

METRIC = "rougeL"


def candidate(name: str, *, model: str = "smollm2", prompt: Prompt | None = None) -> Candidate:
    own = Prompt(
        name, f"prompts/email/{name}.j2", f"Summarize ({name}): {{{{ body }}}}", "sha256:aa"
    )
    return Candidate(name, prompt or own, model, "sha256:bb", Sampling())


def run(
    *names: str,
    direction: Direction = "higher",
    repeats: int = 1,
    status: RunStatus = "complete",
    metrics: tuple[MetricInfo, ...] = (),
    candidates: tuple[Candidate, ...] = (),
    manifest: Mapping[str, Any] | None = None,
) -> Run:
    return Run(
        id="20250102-030405-ab12",
        suite="email",
        description="Which prompt?",
        created="2025-01-02T03:04:05+00:00",
        status=status,
        split="test",
        repeats=repeats,
        primary=METRIC,
        metrics=metrics or (MetricInfo(METRIC, METRIC, direction),),
        candidates=candidates or tuple(candidate(name) for name in names),
        seconds=12.5,
        manifest=manifest or {"versions": {"promptbench": "0.1.0"}, "seeds": {"sampling": 0}},
    )


def cases(number: int, *, cluster_size: int = 0) -> list[Case]:
    return [
        Case(
            id=f"mail-{place}",
            variables={"subject": f"Subject {place}", "body": f"Dear team,\nline two of {place}."},
            references=(f"Reference {place}.",),
            cluster=f"thread-{place // cluster_size}" if cluster_size else "",
        )
        for place in range(number)
    ]


def completion(
    text: str = "A summary.",
    *,
    error: str = "",
    tokens: int = 10,
    seconds: float = 0.5,
    reason: FinishReason = "stop",
) -> Completion:
    return Completion("key", text, 100, tokens, reason, seconds, error)


def sample(
    name: str,
    case: int,
    value: float | None,
    *,
    repeat: int = 0,
    reason: str = "",
    done: Completion | None = None,
) -> Sample:
    scores = {METRIC: Score(METRIC, value, reason)}
    return Sample(name, f"mail-{case}", repeat, done or completion(), scores)


def samples(table: Mapping[str, Sequence[float]]) -> list[Sample]:
    return [
        sample(name, place, value)
        for name, values in table.items()
        for place, value in enumerate(values)
    ]

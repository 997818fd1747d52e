"""A run as a chat for the tests: each case becomes the second turn of a dialogue of two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from promptbench.record import Candidate, Case, Run, Sample, Turn

RULES = (
    {"name": "upset", "say": "Say sorry.", "expect": {"says": ["sorry"], "words_at_most": 40}},
    {"name": "other", "say": "Be plain.", "expect": {}},
)
TOLD = "My name is Ada, number {}."


def chatted(
    run: Run, cases: Sequence[Case], samples: Sequence[Sample]
) -> tuple[list[Case], list[Turn]]:
    """The cases as turns, and what was said; every other user is upset.

    A candidate's memory decides: "none" keeps no turn, "summary:..." has a summary of the first
    one, any other keeps it.
    """
    found = [talking(case, place) for place, case in enumerate(cases)]
    by_id = {case.id: case for case in found}
    memories = {candidate.name: candidate.memory for candidate in run.candidates}
    turns = [
        turn
        for sample in samples
        if sample.completion and not sample.completion.error
        for turn in said(sample, by_id[sample.case_id], memories[sample.candidate])
    ]
    return found, turns


def talking(case: Case, place: int) -> Case:
    user = f"What is my name, number {place}?"
    variables: dict[str, Any] = {
        **case.variables,
        "dialogue": f"talk-{place}",
        "distance": 1 + place % 3,
        "turn": 2,
        "user": user,
        "script": [{"user": TOLD.format(place)}, {"user": user}],
        "mood": -0.5 if place % 2 else 0.1,
        "rule": RULES[0] if place % 2 else RULES[1],
    }
    return replace(case, variables=variables, cluster=f"talk-{place}")


def said(sample: Sample, case: Case, memory: str) -> Iterator[Turn]:
    assert sample.completion
    number = case.variables["dialogue"].removeprefix("talk-")
    first = Turn(
        candidate=sample.candidate,
        dialogue=case.variables["dialogue"],
        repeat=sample.repeat,
        number=1,
        user=TOLD.format(number),
        reply="Hello!",
        key=f"first {sample.candidate} {number}",
        mood=0.2,
        rule="other",
        prompt_tokens=20,
        output_tokens=2,
    )
    yield first
    keeps = memory != "none" and not memory.startswith("summary")
    yield replace(
        first,
        number=2,
        user=case.variables["user"],
        reply=sample.completion.text,
        key=sample.completion.key,
        case_id=case.id,
        kept=(1,) if keeps else (),
        summary="They are Ada." if memory.startswith("summary") else "",
        mood=case.variables["mood"],
        rule=case.variables["rule"]["name"],
        prompt_tokens=40 if keeps else 22,
        output_tokens=sample.completion.output_tokens,
        memory_tokens=9 if memory.startswith("summary") else 0,
    )


def remembering(candidate: Candidate, memory: str) -> Candidate:
    """A candidate with a memory, under its own name."""
    return replace(candidate, name=f"{candidate.prompt.name} · {memory}", memory=memory)

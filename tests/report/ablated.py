"""An ablation's records for the tests: scores with and without blocks in, a run out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from promptbench.record import Case, Direction, Prompt, Run, Sample
from tests.report.records import candidate, cases, completion, run, sample

Records = tuple[Run, list[Case], list[Sample]]
SOURCE = "{% block intro %}Hello.{% endblock %}\n{% block rules %}Be brief.{% endblock %}\n"


def ablated(
    table: Mapping[str, Sequence[float]],
    *,
    direction: Direction = "higher",
    tokens: Mapping[str, int] | None = None,
    told: Mapping[str, Mapping[str, Any]] | None = None,
) -> Records:
    """`table` has the scores of the whole prompt under "" and those without a block under it.

    `tokens` are the lengths of the prompts, `told` what else the manifest says of a block.
    """
    names = {block: f"p without {block}" if block else "p" for block in table}
    made = tuple(
        candidate(
            name, prompt=Prompt(name, "prompts/p.j2", SOURCE.replace("Hello.", name), f"sha {name}")
        )
        for name in names.values()
    )
    quiet = {"inside": [], "empty": False, "blind": False, "same": False, "bare": False}
    blocks = [
        {"block": block, "candidate": names.get(block, ""), **quiet, "refused": ""}
        | dict((told or {}).get(block, {}))
        for block in dict.fromkeys([*table, *(told or {})])
        if block
    ]
    rows = [
        sample(
            names[block], place, value, done=length(completion(), (tokens or {}).get(block, 100))
        )
        for block, values in table.items()
        for place, value in enumerate(values)
    ]
    facts = {"ablation": {"candidate": "p", "blocks": blocks}}
    shape = run(direction=direction, candidates=made, manifest=facts)
    return shape, cases(len(table[""])), rows


def length(done: Any, tokens: int) -> Any:
    """A completion of a prompt with so many tokens."""
    return replace(done, prompt_tokens=tokens)

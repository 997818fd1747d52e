"""Backends in words and figures: a table in; cells for a terminal, Markdown, or JSON out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from promptbench.backends.backend import Missing
from promptbench.backends.table import Line, Table
from promptbench.report.markdown import plain
from promptbench.report.number import NO_VALUE, fixed, probability
from promptbench.stats.paired import Difference

TOOK = ("backend", "weights", "s/output", "tokens/s", "peak memory", "first token")
NOTE = (
    "Each backend ran in a process of its own. The first token is timed from the start of that"
    " process, speed is that of the outputs after it, and peak memory is of the process that holds"
    " the model, Python included. A difference above 0 is better than the first backend."
)


def quality_columns(table: Table) -> list[str]:
    """The heads of `quality`."""
    first = table.lines[0].backend.name
    return [
        "backend",
        table.metric.name,
        "95% interval",
        f"against {first}",
        "95% interval",
        "p after Holm",
        "same outputs",
        "reading",
    ]


def quality(table: Table, line: Line) -> list[str]:
    """How good a backend's outputs are, and how they compare with the first's."""
    scale, found = table.scale, line.estimate
    comparison = line.comparison
    difference = comparison.difference if comparison else None
    return [
        line.backend.name,
        scale.show(found.mean) if found else "unscored",
        scale.interval(found.low, found.high) if found else "",
        scale.signed(difference.mean) if difference else "",
        scale.interval(difference.low, difference.high) if difference else "",
        probability(comparison.p_holm) if comparison and difference else "",
        NO_VALUE if line.same is None else f"{line.same:.0%}",
        line.meaning,
    ]


def took(line: Line) -> list[str]:
    """What a backend took, under TOOK."""
    found = line.took
    memory = NO_VALUE if found.memory is None else f"{found.memory / 1e6:,.0f} MB"
    return [
        line.backend.name,
        line.backend.weights,
        fixed(found.per_output, 2),
        fixed(found.pace, 1),
        memory,
        f"{fixed(found.ready, 1)} s",
    ]


def markdown(table: Table, missing: Sequence[Missing], notes: Iterable[str], run: str) -> str:
    """Both tables, and what there is to know of them."""
    lines = [
        f"Prompt {plain(table.prompt)}, {table.cases:,} cases, run `{run}`.",
        "",
        *rows_of(quality_columns(table), [quality(table, line) for line in table.lines]),
        "",
        *rows_of(TOOK, [took(line) for line in table.lines]),
        "",
        *(f"- {plain(note)}" for note in (NOTE, *notes)),
        *(f"- {plain(each.name)} is not among them: {plain(each.why)}" for each in missing),
    ]
    return "\n".join(lines) + "\n"


def rows_of(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    head, *body = (f"| {' | '.join(map(plain, row))} |" for row in (columns, *rows))
    return [head, f"|{'---|' * len(columns)}", *body]


def as_json(table: Table, missing: Iterable[Missing], notes: Iterable[str]) -> dict[str, Any]:
    """The object that scripts read; null where there is no number."""
    return {
        "prompt": table.prompt,
        "primary": table.metric.name,
        "cases": table.cases,
        "backends": [line_json(line) for line in table.lines],
        "missing": {each.name: each.why for each in missing},
        "notes": list(notes),
    }


def line_json(line: Line) -> dict[str, Any]:
    """A backend; `ahead` is what it is better by than the first."""
    found, comparison = line.estimate, line.comparison
    ahead = comparison.difference if comparison else None
    return {
        "name": line.backend.name,
        "model": line.backend.spec,
        "weights": line.backend.weights,
        "run": line.took.run_id,
        "mean": finite(found.mean if found else None),
        "low": finite(found.low if found else None),
        "high": finite(found.high if found else None),
        **ahead_json(ahead),
        "p_holm": finite(comparison.p_holm if comparison else None),
        "reading": line.meaning,
        "same": line.same,
        "outputs": line.took.outputs,
        "seconds_per_output": line.took.per_output,
        "tokens_per_second": line.took.pace,
        "peak_memory": line.took.memory,
        "first_token": line.took.ready,
    }


def ahead_json(ahead: Difference | None) -> dict[str, float | None]:
    """The difference to the first."""
    return {
        "ahead": finite(ahead.mean if ahead else None),
        "ahead_low": finite(ahead.low if ahead else None),
        "ahead_high": finite(ahead.high if ahead else None),
    }


def finite(value: float | None) -> float | None:
    """JSON has no NaN."""
    return value if value is not None and math.isfinite(value) else None

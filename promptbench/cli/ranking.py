"""The result of a run for a terminal, and as the JSON object that scripts read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console

from promptbench.cli.terminal import plain, table
from promptbench.record import Judgement
from promptbench.report.number import money
from promptbench.report.summary import Figure, Standing
from promptbench.run.job import Result


def show(result: Result, console: Console) -> None:
    """The candidates by the primary metric, the verdict, and where the report is."""
    summary = result.summary
    columns = ["candidate", "model", summary.primary.name, "95% interval", "scored"]
    columns += ["tokens", "s/case"]
    rows = [line(standing, summary.primary.name) for standing in summary.standings]
    if any(standing.cost is not None for standing in summary.standings):
        columns.append("cost of 1,000")
        for row, standing in zip(rows, summary.standings, strict=True):
            row.append("" if standing.cost is None else money(1000 * standing.cost))
    console.print()
    console.print(table(columns, rows, right=(2, 4, 5, 6, 7)))
    console.print()
    console.print(plain(summary.verdict))
    for note in summary.notes:
        console.print(plain(note, style="yellow"))
    show_gates(result.judgements, console)
    console.print()
    console.print(plain(f"run     {result.run_id}"))
    console.print(plain(f"report  {result.report}", style="bold"))


def failed_outputs(count: int) -> str:
    """How many outputs failed, in words."""
    return f"{count} output{'s' * (count != 1)} failed"


def show_gates(judgements: Sequence[Judgement], console: Console) -> None:
    """A line a gate: what it says, the figure that it was judged on, and the verdict."""
    if not judgements:
        return
    rows = [
        [each.gate, each.figure, f"{each.verdict}: {each.reason}" if each.reason else each.verdict]
        for each in judgements
    ]
    console.print()
    console.print(table(["gate", "figure", "verdict"], rows))


def line(standing: Standing, primary: str) -> list[str]:
    """A row of the table."""
    figure = standing.figures[primary]
    estimate = figure.estimate
    return [
        # Prompt and sampling: the model has a column of its own.
        standing.candidate.name.replace(f" · {standing.candidate.model}", "", 1),
        standing.candidate.model,
        f"{estimate.mean:.3f}" if estimate else "unscored",
        between(estimate.low, estimate.high) if estimate else "",
        f"{figure.scored} of {figure.cases}",
        number(standing.output_tokens, 0),
        number(standing.seconds, 2),
    ]


def between(low: float, high: float) -> str:
    """An interval; a single case has none."""
    return f"{low:.3f} to {high:.3f}" if low <= high else "none"


def number(value: float | None, digits: int) -> str:
    """A figure, or nothing where there is none."""
    return "" if value is None else f"{value:.{digits}f}"


def as_json(result: Result) -> dict[str, Any]:
    """The object that `--json` prints."""
    summary = result.summary
    return {
        "run": result.run_id,
        "suite": result.suite,
        "report": str(result.report),
        "primary": summary.primary.name,
        "generated": result.generated,
        "reused": result.reused,
        "errors": result.errors,
        "verdict": summary.verdict,
        "candidates": [
            {
                "name": standing.candidate.name,
                "prompt": standing.candidate.prompt.name,
                "model": standing.candidate.model,
                "n": summary.cases,
                "cost": standing.cost,
                "scores": {name: score_json(figure) for name, figure in standing.figures.items()},
            }
            for standing in summary.standings
        ],
        "variance": [asdict(found) for found in summary.variances],
        "gates": [asdict(judgement) for judgement in result.judgements],
    }


def score_json(figure: Figure) -> dict[str, Any]:
    """A figure's mean and interval; null where there is none."""
    estimate = figure.estimate
    return {
        "mean": finite(estimate.mean) if estimate else None,
        "low": finite(estimate.low) if estimate else None,
        "high": finite(estimate.high) if estimate else None,
        "n": figure.scored,
        "unscored": figure.unscored,
    }


def finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if value == value else None

"""`promptbench compare A B`: what changed from one run, or candidate, to another."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from promptbench.cli.ranking import finite
from promptbench.cli.terminal import out, plain, table

if TYPE_CHECKING:
    from promptbench.run.change import Change
    from promptbench.run.compare import Pair

# More cases than this are told in a terminal by their number; `--json` has all of them.
TOLD = 10


@click.command("compare")
@click.argument("first")
@click.argument("second")
@click.option("--metric", "metrics", multiple=True, help="Only this metric; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(first: str, second: str, metrics: tuple[str, ...], as_json: bool) -> None:
    """Compare FIRST with SECOND: two runs, or candidates of runs as RUN:CANDIDATE.

    Cases are matched by id and must have the same content in both. Differences are second minus
    first.
    """
    from promptbench.run.compare import compare_runs
    from promptbench.run.job import store_path, workspace_here
    from promptbench.store.database import open_store

    with closing(open_store(store_path(workspace_here(Path.cwd())))) as store:
        pairs = compare_runs(store, first, second, metrics)
    if as_json:
        click.echo(json.dumps({"pairs": [pair_json(p) for p in pairs]}, ensure_ascii=False))
        return
    for pair in pairs:
        show(pair, out())


def show(pair: Pair, console: Console) -> None:
    """The flips first, then a line a metric."""
    console.print(plain(f"{pair.first} -> {pair.second}", style="bold"))
    console.print(plain(sameness(pair)))
    for change in pair.changes:
        show_flips(change, console)
    console.print()
    columns = ["metric", "first", "second", "change", "95% interval", "p", "better, same, worse"]
    if sum(change.difference is not None for change in pair.changes) > 1:
        columns[5] = "p after Holm"
    console.print(table(columns, [line(c) for c in pair.changes], right=(1, 2, 3, 5)))
    for why in pair.refused:
        console.print(plain(f"not compared: {why}", style="yellow"))
    for remark in dict.fromkeys(pair.remarks):
        console.print(plain(remark, style="yellow"))
    console.print()


def sameness(pair: Pair) -> str:
    """Say what of the two is the same."""
    parts = {
        "prompt": pair.same_prompt,
        "model": pair.same_model,
        "sampling": pair.same_sampling,
    }
    return ", ".join(f"{part} {'the same' if same else 'differs'}" for part, same in parts.items())


def show_flips(change: Change, console: Console) -> None:
    """The cases that went from right to wrong or back, or that changed the most."""
    for better in (False, True):
        found = [flip for flip in change.flips if flip.better == better]
        if not found:
            continue
        console.print()
        console.print(plain(f"{change.metric.name}, {headline(change, better, len(found))}"))
        for flip in found[:TOLD]:
            console.print(plain(f"  {flip.case_id}  {flip.first:.3f} -> {flip.second:.3f}"))
        if len(found) > TOLD:
            console.print(plain(f"  and {len(found) - TOLD:,} more"))


def headline(change: Change, better: bool, count: int) -> str:
    """What the cases below have in common."""
    if change.metric.binary:
        return f"{count:,} {'wrong -> right' if better else 'right -> wrong'}"
    if change.metric.direction == "none":
        return f"largest changes {'up' if better else 'down'}"
    return f"largest changes for the {'better' if better else 'worse'}"


def line(change: Change) -> list[str]:
    """A row of the table."""
    found = change.difference
    if found is None:
        return [change.metric.name, "", "", "no case is scored in both", "", "", ""]
    interval = "none"
    if finite(found.low) is not None:
        interval = f"{found.low:+.3f} to {found.high:+.3f}"
    counts = f"{found.wins} · {found.ties} · {found.losses}"
    return [
        change.metric.name,
        shown(change.first),
        shown(change.second),
        f"{found.mean:+.3f}",
        interval,
        "none" if finite(change.p_holm) is None else f"{change.p_holm:.3f}",
        counts if change.metric.direction != "none" else f"{counts} (higher, same, lower)",
    ]


def shown(value: float | None) -> str:
    """A mean; nothing of a pooled metric, which has none."""
    return "" if value is None else f"{value:.3f}"


def pair_json(pair: Pair) -> dict[str, Any]:
    """A pair as the object that scripts read; null where there is no number."""
    return {
        "first": pair.first,
        "second": pair.second,
        "same": {
            "prompt": pair.same_prompt,
            "model": pair.same_model,
            "sampling": pair.same_sampling,
        },
        "metrics": {change.metric.name: change_json(change) for change in pair.changes},
        "not_compared": list(pair.refused),
        "remarks": list(dict.fromkeys(pair.remarks)),
    }


def change_json(change: Change) -> dict[str, Any]:
    """A metric's change."""
    found = change.difference
    return {
        "first": change.first,
        "second": change.second,
        "change": found.mean if found else None,
        "low": finite(found.low) if found else None,
        "high": finite(found.high) if found else None,
        "p": finite(found.p_value) if found else None,
        "p_holm": finite(change.p_holm),
        "n": found.n if found else 0,
        "better": found.wins if found else 0,
        "same": found.ties if found else 0,
        "worse": found.losses if found else 0,
        "method": found.method if found else "",
        "flips": [asdict(flip) for flip in change.flips],
    }

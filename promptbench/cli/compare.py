"""`promptbench compare A B`: what changed from one run, or candidate, to another."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from promptbench.cli.escape import json_line
from promptbench.cli.ranking import finite
from promptbench.cli.terminal import out, plain, table

if TYPE_CHECKING:
    from promptbench.run.change import Change
    from promptbench.run.compare import Pair

# More cases than this are told in a terminal by their number; `--json` has all of them.
TOLD = 10
# The share of false alarms that exploring puts up with among what it calls a difference.
FALSE_SHARE = 0.05


@click.command("compare")
@click.argument("first")
@click.argument("second")
@click.option("--metric", "metrics", multiple=True, help="Only this metric; may be repeated.")
@click.option(
    "--explore",
    is_flag=True,
    help="q-values (false discovery rate, Benjamini-Hochberg) instead of Holm: to find ideas.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    first: str, second: str, metrics: tuple[str, ...], explore: bool, as_json: bool
) -> None:
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
        found = [pair_json(pair, explore) for pair in pairs]
        click.echo(json_line({"pairs": found}))
        return
    for pair in pairs:
        show(pair, explore, out())
    if explore:
        out().print(plain(exploration(pairs), style="yellow"))


def exploration(pairs: Sequence[Pair]) -> str:
    """Say what q-values are worth."""
    found = [change for pair in pairs for change in pair.changes]
    count = sum(change.q_value <= FALSE_SHARE for change in found)
    return (
        f"Exploratory: q is at most {FALSE_SHARE:g} for {count} of {len(found)} differences. About"
        " 5% of such are expected to be false alarms. Confirm one on fresh cases, alone, with"
        " --metric."
    )


def show(pair: Pair, explore: bool, console: Console) -> None:
    """The flips first, then a line a metric; to explore is to see q-values, not Holm's."""
    console.print(plain(f"{pair.first} -> {pair.second}", style="bold"))
    console.print(plain(sameness(pair)))
    for change in pair.changes:
        show_flips(change, console)
    console.print()
    columns = ["metric", "first", "second", "change", "95% interval", "p", "better, same, worse"]
    if sum(change.difference is not None for change in pair.changes) > 1:
        columns[5] = "p after Holm"
    if explore:
        columns[5] = "q, exploratory"
    rows = [line(change, explore) for change in pair.changes]
    console.print(table(columns, rows, right=(1, 2, 3, 5)))
    for why in pair.refused:
        console.print(plain(f"not compared: {why}", style="yellow"))
    for remark in dict.fromkeys(pair.remarks):
        console.print(plain(remark, style="yellow"))
    console.print()


def same_parts(pair: Pair) -> dict[str, bool]:
    """What candidates are made of, and whether it is the same in both; a memory only in chats."""
    parts = {"prompt": pair.same_prompt, "model": pair.same_model, "sampling": pair.same_sampling}
    return parts if pair.same_memory is None else {**parts, "memory": pair.same_memory}


def sameness(pair: Pair) -> str:
    """Say what of the two is the same."""
    parts = same_parts(pair)
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


def line(change: Change, explore: bool) -> list[str]:
    """A row of the table."""
    found = change.difference
    adjusted = change.q_value if explore else change.p_holm
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
        "none" if finite(adjusted) is None else f"{adjusted:.3f}",
        counts if change.metric.direction != "none" else f"{counts} (higher, same, lower)",
    ]


def shown(value: float | None) -> str:
    """A mean; nothing of a pooled metric, which has none."""
    return "" if value is None else f"{value:.3f}"


def pair_json(pair: Pair, explore: bool) -> dict[str, Any]:
    """A pair as the object that scripts read; null where there is no number."""
    return {
        "first": pair.first,
        "second": pair.second,
        "same": same_parts(pair),
        "metrics": {
            change.metric.name: change_json(change)
            | ({"q": finite(change.q_value)} if explore else {})
            for change in pair.changes
        },
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

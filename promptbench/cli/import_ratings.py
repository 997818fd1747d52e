"""`promptbench import-ratings FILE...`: take in what people rated blind in a report."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from promptbench.cli.terminal import out, plain, table

if TYPE_CHECKING:
    from promptbench.report.human import Human
    from promptbench.run.rating import Imported
    from promptbench.stats.interval import Estimate


@click.command("import-ratings")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--replace", is_flag=True, help="What a person says now takes the place of what they said."
)
def command(files: tuple[Path, ...], replace: bool) -> None:
    """Store the ratings of each FILE, which a report's page saved, and build the report again."""
    from promptbench.run.job import reports_folder, store_path, workspace_here, writable
    from promptbench.run.rating import import_ratings
    from promptbench.store.database import open_store

    workspace = workspace_here(Path.cwd())
    with closing(open_store(store_path(workspace))) as store:
        reports = writable(reports_folder(workspace))
        found = import_ratings(store, files, reports, replaces=replace)
    for each in found:
        show(each, out())


def show(found: Imported, console: Console) -> None:
    """What came in, what all ratings of the run come to, and where the report is."""
    console.print(
        plain(
            f"{found.run_id}: {found.added:,} new, {found.replaced:,} replaced,"
            f" {found.known:,} known already",
            style="bold",
        )
    )
    show_preferences(found.human, console)
    show_sides(found.human, console)
    show_people(found.human, console)
    console.print()
    for limit in found.human.limits:
        console.print(plain(limit, style="yellow"))
    console.print()
    console.print(plain(f"report  {found.report}", style="bold"))


def show_preferences(human: Human, console: Console) -> None:
    """A line a pair, then a line a candidate where there are three or more."""
    rows = [
        [
            each.first,
            each.second,
            *shown(each.estimate),
            f"{each.wins} · {each.ties} · {each.losses}",
            f"{each.p_holm:.3f}",
            f"{each.estimate.n:,}",
        ]
        for each in human.pairs
    ]
    p = "p after Holm" if len(rows) > 1 else "p"
    columns = ["candidate", "against", "preference", "95% interval", "won, tied, lost", p, "cases"]
    titled(console, columns, rows, right=(2, 5, 6))
    rates = [
        [each.candidate, *shown(each.estimate), f"{each.wins} · {each.ties} · {each.losses}"]
        for each in human.rates
    ]
    titled(console, ["candidate", "win rate", "95% interval", "won, tied, lost"], rates, right=(1,))


def show_sides(human: Human, console: Console) -> None:
    """Who takes people's side, in decided ratings."""
    rows = [
        [each.name, each.kind, *shown(each.estimate), f"{each.estimate.n if each.estimate else 0}"]
        for each in human.sides
        if human.decided
    ]
    columns = ["takes people's side", "", "share", "95% interval", "ratings"]
    titled(console, columns, rows, right=(2, 4))


def show_people(human: Human, console: Console) -> None:
    """How far people agree, where they rated the same."""
    rows = [
        [
            f"{each.first} and {each.second}",
            f"{each.texts:,}",
            " ".join(shown(each.kappa)),
            " ".join(shown(each.alpha)),
        ]
        for each in human.accords
    ]
    titled(
        console, ["agreement", "both rated", "Cohen's kappa", "Krippendorff's alpha"], rows, (1,)
    )


def titled(
    console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]
) -> None:
    """A table after an empty line; nothing without a row."""
    if rows:
        console.print()
        console.print(table(columns, rows, right=right))


def shown(found: Estimate | None) -> tuple[str, str]:
    """A value and its interval."""
    if found is None:
        return "none", ""
    bounds = f"{found.low:.2f} to {found.high:.2f}" if found.low <= found.high else "no interval"
    return f"{found.mean:.2f}", bounds

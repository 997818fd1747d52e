"""`promptbench power SUITE`: what the present cases can find, and how many more would find."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptbench.cli.escape import json_line
from promptbench.cli.terminal import out, plain, table

if TYPE_CHECKING:
    from promptbench.run.power import Need, Outlook


@click.command("power")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option(
    "--effect",
    type=click.FloatRange(0, min_open=True),
    default=0.02,
    show_default=True,
    help="The difference to find, in the metric's unit.",
)
@click.option(
    "--power",
    type=click.FloatRange(0.1, 0.999),
    default=0.8,
    show_default=True,
    help="The chance to find it.",
)
@click.option("--run", "run_id", default="", help="Plan by this run, not by the newest.")
@click.option("--metric", default="", help="Plan for this metric, not for the primary one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    suite: Path, effect: float, power: float, run_id: str, metric: str, as_json: bool
) -> None:
    """Say what SUITE can find with its present cases, and how many cases an effect needs.

    It goes by the newest complete run of SUITE: the spread of its paired differences, for the best
    candidate against each other one, at the 5% level.
    """
    from promptbench.run.job import store_path
    from promptbench.run.power import newest_run, outlook
    from promptbench.store.database import open_store
    from promptbench.suite.read import read_suite

    read = read_suite(suite)
    with closing(open_store(store_path(read.workspace))) as store:
        found = outlook(store, run_id or newest_run(store, suite, read.name), metric, effect, power)
    if as_json:
        click.echo(json_line(as_object(found)))
        return
    show(found)


def show(found: Outlook) -> None:
    """A line a pair, and what the columns mean."""
    console = out()
    columns = [f"{found.needs[0].best} against", "cases"]
    columns += ["clusters"] if found.clustered else []
    columns += ["finds from", f"for {found.effect:g}: cases"]
    columns += ["clusters"] if found.clustered else []
    rows = [line(need, found.clustered) for need in found.needs]
    console.print(table(columns, rows, right=range(1, len(columns))))
    for need in found.needs:
        if need.note:
            console.print(plain(f"{need.other}: {need.note}", style="yellow"))
    console.print()
    console.print(
        plain(
            f"{found.metric.name}, by the run {found.run_id}. A difference from `finds from` on is"
            f" found in {found.power:.0%} of such runs at the 5% level;"
            f" one of {found.effect:g} needs the cases on the right."
        )
    )


def line(need: Need, clustered: bool) -> list[str]:
    """A row of the table."""
    cells = [need.other, f"{need.cases:,}"]
    cells += [f"{need.clusters:,}"] if clustered else []
    cells += ["unknown" if need.detectable is None else f"{need.detectable:.3f}"]
    cells += [whole(need.cases_needed)]
    return cells + ([whole(need.clusters_needed)] if clustered else [])


def whole(number: int | None) -> str:
    """A number of cases."""
    return "unknown" if number is None else f"{number:,}"


def as_object(found: Outlook) -> dict[str, object]:
    """The object that `--json` prints."""
    return {
        "run": found.run_id,
        "metric": found.metric.name,
        "effect": found.effect,
        "power": found.power,
        "pairs": [asdict(need) for need in found.needs],
    }

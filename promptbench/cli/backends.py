"""`promptbench backends SUITE`: one model in several programs, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from promptbench.cli.curve import CurveProgress
from promptbench.cli.escape import json_line
from promptbench.cli.stop import read_by_somebody
from promptbench.cli.terminal import err, out, plain, table
from promptbench.error import EXIT_NOT_FINISHED, EXIT_OK

if TYPE_CHECKING:
    from promptbench.backends.workflow import Compared


class BackendsProgress(CurveProgress):
    """Follows the runs of the backends one after the other."""

    kept = "What was generated is stored. The same command measures again from the first backend."


@click.command("backends")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--model", default="", help="This model; by default the suite's first.")
@click.option("--gguf", default="", help="The model as a GGUF file; an embedded one has its own.")
@click.option("--prompt", default="", help="On this prompt; by default the suite's first.")
@click.option("--split", default="test", show_default=True, help="test, dev or train.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Where the server listens.")
@click.option(
    "--allow-leaks", is_flag=True, help="Leave out cases that train or dev gives away, and go on."
)
@click.option("--json", "as_json_", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    suite: Path,
    model: str,
    gguf: str,
    prompt: str,
    split: str,
    limit: int | None,
    port: int | None,
    allow_leaks: bool,
    as_json_: bool,
) -> int:
    """Run a model of SUITE in promptbench, in llama.cpp and behind its server, and compare them.

    Quality with paired statistics, speed, memory and start, each measured in a process of its own
    that reuses nothing. What cannot be had here is left out, and said.
    """
    from promptbench.backends.option import BackendOptions
    from promptbench.backends.show import as_json
    from promptbench.backends.workflow import compare_backends

    options = BackendOptions(model, gguf, prompt, split, limit, port or 0, allow_leaks)
    with BackendsProgress(err()) as progress:
        found = compare_backends(suite, options, progress)
    with read_by_somebody():
        if as_json_:
            said = {"run": found.result.run_id, "report": str(found.result.report)}
            said |= as_json(found.table, found.missing, found.notes)
            click.echo(json_line(said))
        else:
            show(found, out())
    return EXIT_NOT_FINISHED if found.result.errors else EXIT_OK


def show(found: Compared, console: Console) -> None:
    """Quality, then what it took, then what there is to know of it."""
    from promptbench.backends.show import NOTE, TOOK, quality, quality_columns, took

    lines = found.table.lines
    console.print()
    columns = quality_columns(found.table)
    console.print(
        table(columns, [quality(found.table, line) for line in lines], right=(1, 3, 5, 6))
    )
    console.print()
    console.print(table(TOOK, [took(line) for line in lines], right=(2, 3, 4, 5)))
    console.print()
    for note in (NOTE, *found.notes):
        console.print(plain(note, style="dim"))
    for each in found.missing:
        console.print(plain(f"{each.name} is not among them: {each.why}", style="yellow"))
    console.print()
    console.print(plain(f"run     {found.result.run_id}"))
    console.print(plain(f"report  {found.result.report}", style="bold"))

"""`promptbench export RUN`: write a run's outputs and scores, or a chat's turns, as a table."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from promptbench.cli.terminal import out, plain


@click.command("export")
@click.argument("run")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    default="csv",
    show_default=True,
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="The file; by default RUN.FORMAT here."
)
@click.option("--turns", is_flag=True, help="Of a chat: one row for each turn, checked or not.")
def command(run: str, kind: str, output: Path | None, turns: bool) -> None:
    """Write one row for each output of RUN, with its scores."""
    from promptbench.run.job import own_place, store_path, workspace_here
    from promptbench.store.database import open_store
    from promptbench.store.export import export, export_turns

    with closing(open_store(store_path(workspace_here(Path.cwd())))) as store:
        ending = f"{'-turns' if turns else ''}.{kind}"
        path = output or own_place(Path(), store.run(run).id, ending)
        rows = (export_turns if turns else export)(store, run, kind, path)
    out().print(plain(f"{path}  {rows} rows"))

"""`promptbench export RUN`: write a run's outputs and scores as a table."""

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
def command(run: str, kind: str, output: Path | None) -> None:
    """Write one row for each output of RUN, with its scores."""
    from promptbench.run.job import store_path, workspace_here
    from promptbench.store.database import open_store
    from promptbench.store.export import export

    with closing(open_store(store_path(workspace_here(Path.cwd())))) as store:
        path = output or Path(f"{store.run(run).id}.{kind}")
        rows = export(store, run, kind, path)
    out().print(plain(f"{path}  {rows} rows"))

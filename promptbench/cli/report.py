"""`promptbench report RUN`: build a run's report again from the store, without a model."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from promptbench.cli.terminal import out, plain


@click.command("report")
@click.argument("run")
def command(run: str) -> None:
    """Build the report of RUN again. The same store gives the same bytes."""
    from promptbench.run.job import report_of, reports_folder, store_path, workspace_here, writable
    from promptbench.store.database import open_store

    workspace = workspace_here(Path.cwd())
    with closing(open_store(store_path(workspace))) as store:
        _, path = report_of(store, run, writable(reports_folder(workspace)))
    out().print(plain(str(path), style="bold"))

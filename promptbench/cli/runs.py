"""`promptbench runs`: list the runs in the store."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from promptbench.cli.terminal import out, table


@click.command("runs")
def command() -> None:
    """List the runs of this workspace, the newest first."""
    from promptbench.run.job import store_path, workspace_here
    from promptbench.store.database import open_store

    with closing(open_store(store_path(workspace_here(Path.cwd())))) as store:
        lines = store.runs()
    rows = [
        [line.id, line.suite, line.created.replace("T", " "), line.status, str(line.done)]
        for line in lines
    ]
    out().print(table(["run", "suite", "begun", "status", "outputs"], rows, right=(4,)))

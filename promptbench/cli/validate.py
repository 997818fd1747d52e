"""`promptbench validate SUITE`: check everything without running a model."""

from __future__ import annotations

from pathlib import Path

import click

from promptbench.cli.terminal import err, out, plain, table


@click.command("validate")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--model", "models", multiple=True, help="This model instead of the suite's.")
def command(suite: Path, models: tuple[str, ...]) -> None:
    """Check SUITE and all that it names, without running a model.

    Templates compile and are filled by each case of every split, ids are unique, prompts fit each
    model's context, metrics and models exist. Of the suite's own Python nothing is run.
    """
    from promptbench.run.check import check_suite

    console = err()
    checked = check_suite(suite, models, lambda message: console.print(plain(message, "dim")))
    columns = ["split", "prompt", "model", "cases", "tokens, median", "longest", "context"]
    rows = [
        [
            fit.split,
            fit.prompt,
            fit.model,
            str(fit.cases),
            str(fit.median),
            str(fit.longest),
            str(fit.context or "no limit"),
        ]
        for fit in checked.fits
    ]
    out().print(table(columns, rows, right=(3, 4, 5, 6)))
    for warning in checked.warnings:
        out().print(plain(f"warning: {warning}", style="yellow"))
    out().print(plain(f"{suite} is valid", style="green"))

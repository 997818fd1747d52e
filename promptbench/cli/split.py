"""`promptbench split DATA`: split a data file into train, dev and test."""

from __future__ import annotations

from pathlib import Path

import click

from promptbench.cli.terminal import out, plain


@click.command("split")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True, help="A folder.")
@click.option("--group", default="", help="Field whose groups stay together: thread, user ...")
@click.option("--test", type=click.FloatRange(0, 1, True, True), default=0.2, show_default=True)
@click.option("--dev", type=click.FloatRange(0, 1, True, True), default=0.15, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def command(data: Path, folder: Path, group: str, test: float, dev: float, seed: int) -> None:
    """Deal the rows of DATA (JSONL, CSV or TSV) to test.jsonl, dev.jsonl and train.jsonl."""
    from promptbench.suite.split import split_file

    if test + dev >= 1:
        raise click.UsageError("--test and --dev together must leave something for train")
    shares = {"test": test, "dev": dev, "train": 1 - test - dev}
    for name, rows in split_file(data, folder, group, shares, seed).items():
        out().print(plain(f"{folder / f'{name}.jsonl'}  {rows} rows"))

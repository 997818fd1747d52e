"""`promptbench pretrain --arch A --data FOLDER`: a tiny transformer from nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from promptbench.cli.escape import json_line
from promptbench.cli.terminal import err, out, plain, table
from promptbench.cli.training import TrainingProgress
from promptbench.error import InputError
from promptbench.report.number import duration, fixed
from promptbench.suite.location import workspace_of

FIGURES = {"loss": 3, "perplexity": 1, "bits_per_byte": 3}


@click.command("pretrain")
@click.option("--arch", type=click.Choice(["gpt2", "llama", "t5", "bert"]), required=True)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="A folder of text (.txt .md .rst .html .jsonl .csv .tsv), with all below it; or one file.",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    help="Of a table's rows only this field; may be repeated. By default every text in a row.",
)
@click.option("--layers", type=int, default=4, show_default=True)
@click.option("--heads", type=int, default=4, show_default=True, help="Attention heads a layer.")
@click.option("--dim", type=int, default=256, show_default=True, help="Width of the model.")
@click.option("--context", type=int, default=256, show_default=True, help="Tokens at a time.")
@click.option("--vocabulary", type=int, default=0, help="Tokens; 512 to 8192 by the text's size.")
@click.option("--name", default="", help="Name of the checkpoint; by default ARCH-DATA.")
@click.option("--out", "place", type=click.Path(path_type=Path), help="Folder of checkpoints.")
@click.option("--steps", type=click.IntRange(0), default=0, help="By default a dozen readings.")
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True)
@click.option("--lr", type=float, default=1e-3, show_default=True, help="Highest learning rate.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--fresh", is_flag=True, help="Replace a checkpoint of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(arch: str, data: Path, fields: tuple[str, ...], **options: Any) -> None:
    """Train a tokenizer and a tiny transformer on your own text.

    Ctrl-C or a kill costs the way since the last saved step; the same command continues.
    """
    from promptbench.pretrain.corpus import read_corpus
    from promptbench.pretrain.pretrain import Order, check_order, pretrain

    order = Order(
        shape=shape_of(arch, options),
        schedule=schedule_of(options),
        folder=folder_of(options["place"], options["name"] or default_name(arch, data)),
        vocabulary=options["vocabulary"],
        fresh=options["fresh"],
    )
    check_order(order)
    corpus = read_corpus(data, fields)
    with TrainingProgress(err()) as progress:
        made = pretrain(corpus, order, progress)
    shown = shown_path(made.folder)
    if options["as_json"]:
        found = {"folder": shown, "new": made.new, **made.said}
        click.echo(json_line(found))
        return
    if not made.new:
        out().print(plain(f"{shown} is there already, made with these settings."))
    show(made.said, arch, shown)


def shape_of(arch: str, options: Mapping[str, Any]) -> Any:
    """The model's sizes."""
    from promptbench.pretrain.architecture import ARCHITECTURES, Shape

    kind = next(each for each in ARCHITECTURES if each == arch)
    return Shape(kind, *(options[name] for name in ("layers", "heads", "dim", "context")))


def schedule_of(options: Mapping[str, Any]) -> Any:
    """The training's length and speed."""
    from promptbench.pretrain.schedule import Schedule

    return Schedule(options["steps"], options["batch"], options["lr"], options["seed"])


def default_name(arch: str, data: Path) -> str:
    """From the architecture and the data's name, as in `gpt2-manuals`."""
    stem = data.resolve().stem if data.is_file() else data.resolve().name
    return f"{arch}-{re.sub('[^a-z0-9]+', '-', stem.lower()).strip('-') or 'text'}"


def folder_of(place: Path | None, name: str) -> Path:
    """The checkpoint's folder. Raises InputError for a name that is a path."""
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]*", name) or name.endswith((".partial", ".old")):
        raise InputError(
            f"a checkpoint cannot be named '{name}'",
            hint="Letters, digits, dots, dashes and underscores; --out says in which folder.",
        )
    workspace = workspace_of(Path.cwd() / "checkpoints")
    return (place or workspace / "checkpoints").resolve() / name


def shown_path(folder: Path) -> str:
    """The folder as a model's spec, from where one stands."""
    found = os.path.relpath(folder)
    return found if found.startswith("..") else f"./{found}"


def show(said: Mapping[str, Any], arch: str, shown: str) -> None:
    """Print what came of it, and what can be done with it."""
    size = f"{said['parameters']:,} parameters, {said['vocabulary']:,} tokens in the vocabulary"
    read = f"{said['tokens']:,} tokens read in {duration(said['seconds'])}"
    out().print(plain(f"{shown}: {size}; {read}"))
    rows = [
        [
            name.replace("_", " "),
            fixed(said["before"][name], digits),
            fixed(said["after"][name], digits),
        ]
        for name, digits in FIGURES.items()
        if said["after"][name] is not None
    ]
    out().print(table(["on the held-out part", "before", "after"], rows, right=(1, 2)))
    for line in next_commands(arch, shown):
        out().print(plain(line, "dim"))


def next_commands(arch: str, shown: str) -> list[str]:
    """How to go on."""
    run = f"promptbench run SUITE --model {shown}"
    if arch == "bert":
        run += "   (a suite of `task: classify`, its prompt with one [MASK])"
    return [f"promptbench finetune SUITE --model {shown}", run]

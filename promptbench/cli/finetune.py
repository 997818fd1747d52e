"""`promptbench finetune SUITE`: train on the suite's train split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptbench.cli.escape import json_line
from promptbench.cli.memory import Memory
from promptbench.cli.terminal import err, out, plain
from promptbench.cli.training import TrainingProgress

if TYPE_CHECKING:
    from promptbench.tune.finetune import Tuned


@click.command("finetune")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--prompt", default="", help="Train on this prompt; by default the suite's first.")
@click.option("--model", default="", help="Train this model; by default the suite's first.")
@click.option(
    "--method",
    type=click.Choice(["full", "lora", "head"]),
    help="All weights, a LoRA adapter, or a classification head; by default what suits the model.",
)
@click.option("--name", default="", help="The checkpoint's name under checkpoints/.")
@click.option(
    "--memory",
    default="",
    help="Of a chat: what of a dialogue comes back into its prompts, such as last:6; by default"
    " all.",
)
@click.option(
    "--limit", type=click.IntRange(1), help="Train on N cases or dialogues, drawn by the seed."
)
@click.option("--epochs", type=click.IntRange(1, 1000), help="At most so many epochs.")
@click.option("--batch", type=click.IntRange(1, 4096), help="Cases in a step.")
@click.option("--lr", type=click.FloatRange(0, 1, min_open=True), help="The learning rate.")
@click.option("--rank", type=click.IntRange(1, 1024), help="Rank of a LoRA adapter.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all chance.")
@click.option(
    "--stop-on",
    type=click.Choice(["loss", "metric", "none"]),
    default="loss",
    show_default=True,
    help="What is watched on the dev split: its loss, the suite's metric, or nothing.",
)
@click.option(
    "--patience",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Stop after so many epochs that are not better on dev.",
)
@click.option("--max-memory", type=Memory(), help="For activations, such as 800M or 2G.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="Where to train.")
@click.option("--fresh", is_flag=True, help="Train anew, in place of a checkpoint of that name.")
@click.option(
    "--allow-leaks", is_flag=True, help="Leave out judged cases that train holds too, and go on."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    suite: Path,
    prompt: str,
    model: str,
    method: str | None,
    name: str,
    memory: str,
    limit: int | None,
    epochs: int | None,
    batch: int | None,
    lr: float | None,
    rank: int | None,
    seed: int,
    stop_on: Any,
    patience: int,
    max_memory: int | None,
    device: str | None,
    fresh: bool,
    allow_leaks: bool,
    as_json: bool,
) -> None:
    """Train a model on SUITE's train split, with the very prompts of its evaluation.

    Writes checkpoints/NAME, which `promptbench run SUITE --model ./checkpoints/NAME` takes. Ctrl-C
    loses at most two minutes; the same command continues.
    """
    from promptbench.tune.finetune import finetune
    from promptbench.tune.option import TuneOptions
    from promptbench.tune.recipe import Wish

    wish = Wish(method, lr, epochs, batch, rank, patience, stop_on, seed)
    options = TuneOptions(
        prompt=prompt,
        model=model,
        name=name,
        memory=memory,
        limit=limit,
        wish=wish,
        max_memory=max_memory,
        device=device or "",
        fresh=fresh,
        allow_leaks=allow_leaks,
    )
    with TrainingProgress(err()) as progress:
        tuned = finetune(suite, options, progress)
    if as_json:
        said = {"folder": tuned.spec, "reused": tuned.reused, **tuned.manifest}
        click.echo(json_line(said))
    else:
        show(tuned, suite)


def show(tuned: Tuned, suite: Path) -> None:
    """What came out, and what to do with it."""
    said = tuned.manifest
    console = out()
    if tuned.reused:
        console.print(plain(f"{tuned.spec} is trained already; --fresh trains it anew"))
    minutes, seconds = divmod(int(said["seconds"]), 60)
    steps = said["steps"]
    console.print(
        plain(
            f"{tuned.spec}: {steps['done']} of {steps['planned']} steps,"
            f" {said['tokens']:,} tokens, {minutes}:{seconds:02d} min"
        )
    )
    for words, key in (("loss on dev", "dev_loss"), ("loss beside the suite", "probe_loss")):
        before, after = said[key]
        if before is not None:
            forgets = "" if key == "dev_loss" else f", {forgotten(before, after)}"
            console.print(plain(f"{words}: {before:.3f} -> {after:.3f} nats a token{forgets}"))
    console.print(plain(f"next: promptbench run {suite} --model {tuned.spec}"))


def forgotten(before: float, after: float) -> str:
    """What a change of loss on questions beside the suite means."""
    if after - before > 0.5:
        return "much is forgotten"
    return "something is forgotten" if after - before > 0.1 else "nothing to speak of is forgotten"

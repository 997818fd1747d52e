"""`promptbench curve SUITE`: prompt or fine-tune, measured by number of labels."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Any

import click
from rich.console import Console

from promptbench.cli.cluster import cluster_of, cluster_options
from promptbench.cli.escape import json_line
from promptbench.cli.memory import Memory
from promptbench.cli.progress import RunProgress
from promptbench.cli.ranking import as_json, show
from promptbench.cli.stop import read_by_somebody
from promptbench.cli.terminal import err, out, plain
from promptbench.cli.training import TrainingProgress
from promptbench.error import EXIT_NOT_FINISHED, EXIT_OK


class Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers from 1 on, with commas between them."""

    name = "N,N,..."

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Read them."""
        if isinstance(value, tuple):
            return value
        try:
            found = tuple(int(part) for part in str(value).split(","))
        except ValueError:
            found = ()
        if not found or min(found) < 1:
            self.fail(f"'{value}' is no list of whole numbers from 1 on, such as 8,32,128")
        return found


class CurveProgress:
    """Follows runs and trainings one after the other; `kept` is said after an interruption."""

    kept = "What was finished is kept, arm by arm. The same command continues."

    def __init__(self, console: Console) -> None:
        """`console` is stderr."""
        self.console = console
        self.under_way: RunProgress | TrainingProgress | None = None
        self.started = time.monotonic()

    def __enter__(self) -> CurveProgress:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take a bar away and say how to go on after an interruption."""
        self.end()
        if isinstance(error, KeyboardInterrupt | SystemExit):
            self.console.print(self.kept)

    def note(self, message: str) -> None:
        """See curve.workflow.Watchers."""
        self.end()
        minutes, seconds = divmod(int(time.monotonic() - self.started), 60)
        self.console.print(plain(f"[{minutes}:{seconds:02d}] {message}", "bold"))

    def run(self) -> RunProgress:
        """See curve.workflow.Watchers."""
        self.end()
        self.under_way = RunProgress(self.console)
        return self.under_way

    def training(self) -> TrainingProgress:
        """See curve.workflow.Watchers."""
        self.end()
        self.under_way = TrainingProgress(self.console)
        return self.under_way

    def end(self) -> None:
        """Take the bar of what is under way away."""
        if self.under_way is not None:
            self.under_way.stop()
            self.under_way = None


@click.command("curve")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True, help="Few sizes, few examples, two seeds.")
@click.option("--sizes", type=Numbers(), default=(), help="Train on so many cases: 8,32,128.")
@click.option("--shots", type=Numbers(), default=(), help="Show so many examples: 1,4.")
@click.option("--seeds", type=click.IntRange(1, 100), help="Seeds of every arm with chance in it.")
@click.option("--prompt", default="", help="Train on this prompt; by default the suite's first.")
@click.option("--model", default="", help="Train this model; by default the suite's first.")
@click.option("--method", type=click.Choice(["full", "lora", "head"]), help="How to train.")
@click.option("--epochs", type=click.IntRange(1, 1000), help="At most so many epochs.")
@click.option("--batch", type=click.IntRange(1, 4096), help="Cases in a step.")
@click.option("--lr", type=click.FloatRange(0, 1, min_open=True), help="The learning rate.")
@click.option("--rank", type=click.IntRange(1, 1024), help="Rank of a LoRA adapter.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases of dev and test.")
@click.option("--max-memory", type=Memory(), help="For activations, keys and values.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="Where to compute.")
@click.option(
    "--allow-leaks", is_flag=True, help="Leave out judged cases that train holds too, and go on."
)
@cluster_options
@click.option("--json", "as_json_", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    suite: Path,
    quick: bool,
    sizes: tuple[int, ...],
    shots: tuple[int, ...],
    seeds: int | None,
    prompt: str,
    model: str,
    method: str | None,
    epochs: int | None,
    batch: int | None,
    lr: float | None,
    rank: int | None,
    limit: int | None,
    max_memory: int | None,
    device: str | None,
    allow_leaks: bool,
    executor: str,
    workers: int | None,
    address: str,
    as_json_: bool,
) -> int:
    """Measure SUITE's prompts and fine-tunes by number of labels, and say which to take.

    Prompts compete as they are and with examples, fine-tunes with more and more training cases,
    both with the same labels. Ctrl-C keeps every finished arm; the same command continues.
    """
    from promptbench.curve.option import CurveOptions
    from promptbench.curve.workflow import curve
    from promptbench.tune.recipe import Wish

    options = CurveOptions(
        sizes=sizes,
        shots=shots,
        seeds=seeds,
        prompt=prompt,
        model=model,
        wish=Wish(method, lr, epochs, batch, rank),
        quick=quick,
        limit=limit,
        max_memory=max_memory,
        device=device or "",
        allow_leaks=allow_leaks,
        cluster=cluster_of(executor, workers, address),
    )
    with CurveProgress(err()) as progress:
        result = curve(suite, options, progress)
    with read_by_somebody():
        if as_json_:
            click.echo(json_line(as_json(result)))
        else:
            show(result, out())
    return EXIT_NOT_FINISHED if result.errors else EXIT_OK

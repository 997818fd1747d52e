"""`promptbench ablate SUITE --prompt P`: what each block of a prompt is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from promptbench.cli.escape import json_line
from promptbench.cli.memory import Memory
from promptbench.cli.progress import RunProgress
from promptbench.cli.ranking import as_json, failed_outputs, finite, number
from promptbench.cli.stop import read_by_somebody
from promptbench.cli.terminal import err, out, plain, table
from promptbench.error import EXIT_NOT_FINISHED, EXIT_OK

if TYPE_CHECKING:
    from promptbench.report.ablation import Ablation, Worth
    from promptbench.run.job import Result


@click.command("ablate")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--prompt", required=True, help="The prompt's name.")
@click.option("--model", default="", help="The model; by default the suite's first.")
@click.option(
    "--block",
    "blocks",
    multiple=True,
    help="Only without this block, and the blocks inside of it; may be repeated. By default"
    " without each block that holds no other.",
)
@click.option(
    "--split",
    type=click.Choice(["dev", "test"]),
    help="The cases; by default dev, where the suite has it. What to keep is a choice, and whoever"
    " chooses by the test cases can no longer be judged by them.",
)
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases.")
@click.option("--repeats", type=click.IntRange(1, 1000), help="Outputs for each case.")
@click.option(
    "--allow-leaks",
    is_flag=True,
    help="Leave out cases that train or dev gives away, instead of refusing the run.",
)
@click.option(
    "--max-memory",
    type=Memory(),
    help="Memory for keys and values, such as 800M or 2G; by default a share of what is free.",
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="Where local models compute.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "float16", "int8"]),
    help="How exactly local models compute.",
)
@click.option("--json", "as_json_", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    suite: Path,
    prompt: str,
    model: str,
    blocks: tuple[str, ...],
    split: str | None,
    limit: int | None,
    repeats: int | None,
    allow_leaks: bool,
    max_memory: int | None,
    device: str | None,
    precision: str | None,
    as_json_: bool,
) -> int:
    """Run a prompt of SUITE without each of its blocks, and say what each is worth.

    A block is what stands between {% block NAME %} and {% endblock %}, in the prompt or in what it
    extends. Leaving one out leaves out the blocks inside of it. Ctrl-C loses at most the batch
    under way; the same command continues.
    """
    from promptbench.run.ablate import ablate
    from promptbench.run.option import Options

    options = Options(
        split=split or "",
        limit=limit,
        prompts=(prompt,),
        models=(model,) if model else (),
        repeats=repeats,
        allow_leaks=allow_leaks,
        max_memory=max_memory,
        device=device or "",
        precision=precision or "",
    )
    with RunProgress(err()) as progress:
        result = ablate(suite, options, blocks, progress)
    with read_by_somebody():
        if as_json_:
            said = as_json(result) | {"ablation": ablation_json(result.summary.ablation)}
            click.echo(json_line(said))
        else:
            show(result, out())
    if result.errors:
        err().print(
            f"[red]{failed_outputs(result.errors)}[/]: the report names each error."
            " The same command tries them again."
        )
        return EXIT_NOT_FINISHED
    return EXIT_OK


def show(result: Result, console: Console) -> None:
    """The blocks, the most helpful first; what to take from it; where the report is."""
    summary = result.summary
    found = summary.ablation
    if found:
        columns = ["block", "tokens", "ahead with it", "95% interval", "p after Holm", "reading"]
        console.print()
        rows = [line(worth, found) for worth in found.worths]
        console.print(table(columns, rows, right=(1, 2, 4)))
    console.print()
    console.print(plain(summary.verdict))
    for note in summary.notes:
        console.print(plain(note, style="yellow"))
    console.print()
    console.print(plain(f"run     {result.run_id}"))
    console.print(plain(f"report  {result.report}", style="bold"))


def line(worth: Worth, found: Ablation) -> list[str]:
    """A row of the table."""
    from promptbench.report.ablation import meaning
    from promptbench.report.number import probability

    comparison = worth.comparison
    lead = comparison.difference if comparison else None
    told = " ".join(filter(None, (meaning(worth, found.scale), *worth.remarks)))
    return [
        worth.block,
        number(worth.tokens, 1),
        found.scale.signed(lead.mean) if lead else "",
        found.scale.interval(lead.low, lead.high) if lead else "",
        probability(comparison.p_holm) if comparison and lead else "",
        told,
    ]


def ablation_json(found: Ablation | None) -> dict[str, Any] | None:
    """The blocks as the object that scripts read; null where there is no number."""
    if found is None:
        return None
    return {"prompt": found.candidate, "blocks": [worth_json(worth) for worth in found.worths]}


def worth_json(worth: Worth) -> dict[str, Any]:
    """One block; `ahead` is by how much the prompt is better with it."""
    comparison = worth.comparison
    lead = comparison.difference if comparison else None
    return {
        "block": worth.block,
        "inside": list(worth.inside),
        "candidate": worth.candidate or None,
        "tokens": worth.tokens,
        "ahead": lead.mean if lead else None,
        "low": finite(lead.low) if lead else None,
        "high": finite(lead.high) if lead else None,
        "p_holm": finite(comparison.p_holm) if comparison else None,
        "n": lead.n if lead else 0,
        "detectable": comparison.detectable if comparison else None,
        "finding": comparison.finding if comparison else None,
        "remarks": list(worth.remarks),
    }

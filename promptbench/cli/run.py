"""`promptbench run SUITE`: run a suite and write its report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptbench.cli.cluster import cluster_of, cluster_options
from promptbench.cli.escape import escaped, json_line
from promptbench.cli.memory import Memory
from promptbench.cli.progress import RunProgress
from promptbench.cli.ranking import as_json, failed_outputs, show
from promptbench.cli.stop import read_by_somebody
from promptbench.cli.terminal import err, out
from promptbench.error import EXIT_GATE_FAILED, EXIT_NOT_FINISHED, EXIT_OK

if TYPE_CHECKING:
    from promptbench.run.job import Result


@click.command("run")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--split", default="test", show_default=True, help="test, dev or train.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases.")
@click.option("--prompt", "prompts", multiple=True, help="Only this prompt; may be repeated.")
@click.option(
    "--model", "models", multiple=True, help="This model instead of the suite's; may be repeated."
)
@click.option(
    "--memory",
    "memories",
    multiple=True,
    help="Of a chat: this memory instead of the suite's, such as last:6; may be repeated.",
)
@click.option("--repeats", type=click.IntRange(1, 1000), help="Outputs for each case.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the sampling.")
@click.option("--fresh", is_flag=True, help="Reuse nothing that was generated before.")
@click.option(
    "--race", is_flag=True, help="Stop candidates early that are beaten beyond doubt (5% error)."
)
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
@click.option(
    "--max-cost",
    type=click.FloatRange(0),
    help="What models behind an API may cost together; needs their prices in the suite.",
)
@click.option(
    "--batch", is_flag=True, help="Ask models behind an API in batches: half the price, in a day."
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="Where local models compute.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "float16", "int8"]),
    help="How exactly local models compute.",
)
@cluster_options
@click.option(
    "--junit", type=click.Path(path_type=Path), help="Write the gates as JUnit XML to this file."
)
@click.option("--json", "as_json_", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    suite: Path,
    split: str,
    limit: int | None,
    prompts: tuple[str, ...],
    models: tuple[str, ...],
    memories: tuple[str, ...],
    repeats: int | None,
    seed: int | None,
    fresh: bool,
    race: bool,
    allow_leaks: bool,
    max_memory: int | None,
    max_cost: float | None,
    batch: bool,
    device: str | None,
    precision: str | None,
    executor: str,
    workers: int | None,
    address: str,
    junit: Path | None,
    as_json_: bool,
) -> int:
    """Run SUITE: render its prompts, generate what is not stored yet, score, write the report.

    Ctrl-C loses at most the batch under way; the same command continues. The exit code is 1 if a
    gate of the suite fails.
    """
    from promptbench.gate.junit import check_place
    from promptbench.run.job import run_suite
    from promptbench.run.option import Options

    options = Options(
        split=split,
        limit=limit,
        prompts=prompts,
        models=models,
        memories=memories,
        repeats=repeats,
        seed=seed,
        fresh=fresh,
        race=race,
        allow_leaks=allow_leaks,
        max_memory=max_memory,
        max_cost=max_cost,
        batch=batch,
        device=device or "",
        precision=precision or "",
        cluster=cluster_of(executor, workers, address),
    )
    if junit:
        check_place(junit)
    with RunProgress(err()) as progress:
        result = run_suite(suite, options, progress)
    with read_by_somebody():
        if as_json_:
            click.echo(json_line(as_json(result)))
        else:
            show(result, out())
    report_gates(result, suite, junit)
    if result.errors:
        err().print(
            f"[red]{failed_outputs(result.errors)}[/]: the report names each error."
            " The same command tries them again."
        )
        return EXIT_NOT_FINISHED
    failed = any(judgement.verdict == "failed" for judgement in result.judgements)
    return EXIT_GATE_FAILED if failed else EXIT_OK


def report_gates(result: Result, suite: Path, file: Path | None) -> None:
    """Tell other programs what became of the gates: a JUnit file, marks on GitHub."""
    from promptbench.gate.annotation import commands, on_github
    from promptbench.gate.junit import junit, write_junit

    if file:
        write_junit(file, junit(result.suite, result.run_id, result.judgements))
    if on_github(os.environ):
        for line in commands(result.judgements, suite, os.environ):
            click.echo(escaped(line), err=True)

"""`promptbench run SUITE`: run a suite and write its report."""

from __future__ import annotations

import json
from pathlib import Path

import click

from promptbench.cli.memory import Memory
from promptbench.cli.progress import RunProgress
from promptbench.cli.ranking import as_json, show
from promptbench.cli.terminal import err, out
from promptbench.error import EXIT_NOT_FINISHED, EXIT_OK


@click.command("run")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--split", default="test", show_default=True, help="test, dev or train.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases.")
@click.option("--prompt", "prompts", multiple=True, help="Only this prompt; may be repeated.")
@click.option(
    "--model", "models", multiple=True, help="This model instead of the suite's; may be repeated."
)
@click.option("--repeats", type=click.IntRange(1, 1000), help="Outputs for each case.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the sampling.")
@click.option("--fresh", is_flag=True, help="Reuse nothing that was generated before.")
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
    split: str,
    limit: int | None,
    prompts: tuple[str, ...],
    models: tuple[str, ...],
    repeats: int | None,
    seed: int | None,
    fresh: bool,
    max_memory: int | None,
    device: str | None,
    precision: str | None,
    as_json_: bool,
) -> int:
    """Run SUITE: render its prompts, generate what is not stored yet, score, write the report.

    Ctrl-C loses at most the batch under way; the same command continues.
    """
    from promptbench.run.job import run_suite
    from promptbench.run.option import Options

    options = Options(
        split=split,
        limit=limit,
        prompts=prompts,
        models=models,
        repeats=repeats,
        seed=seed,
        fresh=fresh,
        max_memory=max_memory,
        device=device or "",
        precision=precision or "",
    )
    with RunProgress(err()) as progress:
        result = run_suite(suite, options, progress)
    if as_json_:
        click.echo(json.dumps(as_json(result), ensure_ascii=False))
    else:
        show(result, out())
    if result.errors:
        err().print(
            f"[red]{result.errors} outputs failed[/]: the report names each error."
            " The same command tries them again."
        )
    return EXIT_NOT_FINISHED if result.errors else EXIT_OK

"""`promptbench render SUITE --prompt P --case ID`: show exactly what a model sees."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from promptbench.cli.terminal import err, out, plain, table
from promptbench.report.visible import visible


@click.command("render")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--prompt", required=True, help="The prompt's name.")
@click.option("--case", "case_id", required=True, help="The case's id.")
@click.option("--model", "models", multiple=True, help="This model instead of the suite's.")
@click.option("--split", default="test", show_default=True, help="test, dev or train.")
def command(suite: Path, prompt: str, case_id: str, models: tuple[str, ...], split: str) -> None:
    """Print one case's prompt as the model sees it, special tokens marked, with token counts."""
    from promptbench.run.look import look
    from promptbench.run.option import Options
    from promptbench.run.plan import make_plan
    from promptbench.suite.read import read_suite

    console = err()
    options = Options(split=split, prompts=(prompt,), models=models)
    plan = make_plan(
        read_suite(suite), options, lambda message: console.print(plain(message, "dim"))
    )
    for seen in look(plan, case_id):
        out().print(plain(f"{seen.candidate}, case {seen.case_id}", style="bold"))
        text = Text()
        position = 0
        for token in seen.tokens:
            if token.special and token.end == token.start:
                text.append(visible(token.text), style="bold magenta")
            elif token.special:
                text.append(visible(seen.encoded.text[position : token.start]))
                text.append(visible(token.text), style="bold magenta")
                position = token.end
        text.append(visible(seen.encoded.text[position:]))
        out().print(text)
        out().print()
        rows = [["  " * s.depth + s.name, str(s.tokens)] for s in seen.sections]
        rows.append(["all", f"{seen.encoded.tokens} of {seen.limit or 'no limit'}"])
        out().print(table(["section", "tokens"], rows, right=(1,)))

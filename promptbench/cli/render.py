"""`promptbench render SUITE --prompt P --case ID`: show exactly what a model sees."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from rich.text import Text

from promptbench.cli.escape import escaped
from promptbench.cli.terminal import err, out, plain, table
from promptbench.model.protocol import TokenSpan


@click.command("render")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--prompt", required=True, help="The prompt's name.")
@click.option("--case", "case_id", required=True, help="The case's id.")
@click.option("--model", "models", multiple=True, help="This model instead of the suite's.")
@click.option("--split", default="test", show_default=True, help="test, dev or train.")
def command(suite: Path, prompt: str, case_id: str, models: tuple[str, ...], split: str) -> None:
    """Print one case's prompt as the model sees it, special tokens marked, with token counts."""
    from promptbench.run.hygiene import every_case
    from promptbench.run.look import look
    from promptbench.run.option import Options
    from promptbench.run.plan import make_plan
    from promptbench.suite.read import read_suite

    console = err()
    options = Options(split=split, prompts=(prompt,), models=models, looking=True)
    read = read_suite(suite)
    judged = every_case(read, options)
    plan = make_plan(read, options, lambda message: console.print(plain(message, "dim")), judged)
    for seen in look(plan, case_id):
        out().print(plain(f"{seen.candidate}, case {seen.case_id}", style="bold"))
        out().print(marked(seen.encoded.text, seen.tokens))
        out().print()
        rows = [["  " * s.depth + s.name, str(s.tokens)] for s in seen.sections]
        rows.append(["all", f"{seen.encoded.tokens} of {seen.limit or 'no limit'}"])
        out().print(table(["section", "tokens"], rows, right=(1,)))


def marked(text: str, tokens: Iterable[TokenSpan]) -> Text:
    """A prompt with its special tokens standing out, also those that its text does not hold."""
    made = Text()
    told = reached = 0
    for token in tokens:
        if token.special:
            until = token.start if token.end > token.start else reached
            made.append(escaped(text[told:until]))
            made.append(escaped(token.text), style="bold magenta")
            told = max(until, token.end)
        reached = max(reached, token.end)
    made.append(escaped(text[told:]))
    return made

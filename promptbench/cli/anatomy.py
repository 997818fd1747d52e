"""`promptbench anatomy MODEL`: what a transformer's heads read, and what its parts are worth."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptbench.cli.terminal import err, out, plain, table
from promptbench.cli.training import TrainingProgress
from promptbench.report.number import Scale, fixed
from promptbench.suite.location import workspace_of

if TYPE_CHECKING:
    from promptbench.report.anatomy import Study

SCALE = Scale(3)


@click.command("anatomy")
@click.argument("model")
@click.option("--suite", type=click.Path(path_type=Path), help="Its prompts and references.")
@click.option("--prompt", default="", help="The suite's prompt; by default its first.")
@click.option("--case", "case_id", default="", help="The case to show; by default the first.")
@click.option("--split", default="test", show_default=True, help="test, dev or train.")
@click.option("--text", type=click.Path(path_type=Path), help="A folder or file of text instead.")
@click.option("--field", "fields", multiple=True, help="Of a table's rows only this field.")
@click.option("--show", "line", default="", help="With --text: a line whose attention is shown.")
@click.option("--heads", default="", help="Heads to show, as layer.head: 0.1,2.3")
@click.option("--limit", type=click.IntRange(1), default=40, show_default=True, help="Examples.")
@click.option("--out", "folder", type=click.Path(path_type=Path), help="A folder for the page.")
def command(
    model: str,
    suite: Path | None,
    prompt: str,
    case_id: str,
    split: str,
    text: Path | None,
    fields: tuple[str, ...],
    line: str,
    heads: str,
    limit: int,
    folder: Path | None,
) -> None:
    """Show what the heads of MODEL read, and its loss without a head, the positions or a layer.

    The loss is that of a suite's references behind its prompts, or of a text; of the text that a
    model was pretrained on it is that of the part held out.
    """
    from promptbench.anatomy.inside import Which, Wish, look_at_suite, look_at_text
    from promptbench.report.anatomy import build_anatomy, drawings
    from promptbench.report.write import write_report

    wish = Wish(tuple(head.strip() for head in heads.split(",") if head.strip()), limit)
    with TrainingProgress(err()) as progress:
        if suite is not None and text is None:
            which = Which(split, prompt, case_id)
            found = look_at_suite(model, suite, which, wish, progress)
        elif text is not None and suite is None:
            found = look_at_text(model, text, fields, line, wish, progress)
        else:
            raise click.UsageError("either --suite or --text says what to look at")
    show(found)
    place = folder or report_folder(suite, model)
    page = write_report(build_anatomy(found), place)
    for name, drawing in drawings(found).items():
        (place / name).write_text(drawing, encoding="utf-8")
    out().print(plain(str(page), "dim"))


def report_folder(suite: Path | None, model: str) -> Path:
    """Where the page goes: `reports/anatomy-<model>` in the workspace."""
    workspace = workspace_of(suite or Path.cwd() / "reports")
    return workspace / "reports" / f"anatomy-{re.sub('[^A-Za-z0-9._]+', '-', model).strip('-.')}"


def show(found: Study) -> None:
    """Print the loss without each part, and what the heads read."""
    of = f"{found.text}: {found.examples} examples, {found.tokens:,} tokens"
    for note in found.notes:
        err().print(plain(note, "dim"))
    out().print(plain(f"loss {fixed(found.loss, 3)} nats a token on {of}"))
    rows = [
        [
            effect.name,
            fixed(found.loss + effect.change, 3),
            SCALE.signed(effect.change),
            f"{effect.worse} of {effect.examples}",
        ]
        for effect in found.effects
    ]
    out().print(table(["without", "loss", "change", "worse in"], rows, right=(1, 2, 3)))
    if found.readings:
        out().print()
        out().print(plain(f"Attention from the place of the answer. {found.prompt}"))
        shares = [
            [reading.head, *(f"{fixed(100 * share, 1)}%" for share in reading.shares)]
            for reading in found.readings
        ]
        columns = ["head", *found.sections]
        out().print(table(columns, shares, right=range(1, len(columns))))

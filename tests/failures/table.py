"""What became of the patches, as a table: in the terminal, and as the page docs/mutants.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from tests.failures.mutants import Outcome

INTRO = """\
# Failures put back

Other harnesses have produced wrong scores without a word of warning: a cache that did not know
the model, a prompt that was cut, an outage that scored 0. promptbench has a defence against each
of the {rows} ways that are on record, and a test for it in `tests/failures/`. This page shows that
the tests can fail. Each patch takes one defence out of a copy of promptbench, so that the failure
is back; then the test of that row must go red, by an assertion of its own and not by a crash.

`make mutants` does it again, in some five minutes, and writes this page.

{count} failures put back. {survived}

| row | failure put back | patch | test | what went red |
|---|---|---|---|---|
"""


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print one line a patch."""
    table = Table("row", "failure put back", "test", "red", "message")
    for one in outcomes:
        red = one.test if one.end == "caught" else Text(one.end.upper(), "red")
        module = one.patch.test.name
        table.add_row(str(one.patch.row), Text(one.patch.said), module, red, Text(one.message))
    console.print(table)
    console.print(told(outcomes))


def page(outcomes: Sequence[Outcome]) -> str:
    """The page; nothing in it changes unless a patch or a test does."""
    rows = len({one.patch.row for one in outcomes})
    head = INTRO.format(rows=rows, count=len(outcomes), survived=told(outcomes))
    return head + "".join(map(line, outcomes))


def told(outcomes: Sequence[Outcome]) -> str:
    """Whether any failure came back unseen."""
    bad = [f"{one.patch.name} ({one.end})" for one in outcomes if one.end != "caught"]
    return f"Not seen: {', '.join(bad)}." if bad else "None survived."


def line(one: Outcome) -> str:
    """A row of the page's table."""
    message = one.message.replace("|", "\\|").replace("`", "'")
    test = one.test.replace("|", "\\|")
    cells = (
        str(one.patch.row),
        one.patch.said,
        f"`{one.patch.name}`",
        f"`{one.patch.test.name}`",
        f"`{test}`: `{message}`",
    )
    return f"| {' | '.join(cells)} |\n"

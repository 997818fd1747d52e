"""What all verbs print with: tables on stdout, notes and progress on stderr, nothing unescaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptbench.report.visible import visible


def out() -> Console:
    """The console for results."""
    return Console(highlight=False, soft_wrap=True)


def err() -> Console:
    """The console for notes and progress."""
    return Console(stderr=True, highlight=False)


def plain(text: str, style: str = "") -> Text:
    """Text as it is: no markup is read in it, and control characters are shown, not obeyed."""
    return Text(visible(text), style=style)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()
) -> Table:
    """A table without lines; the columns whose positions are in `right` are set to the right."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for position, column in enumerate(columns):
        made.add_column(
            plain(column), justify="right" if position in right else "left", no_wrap=True
        )
    for row in rows:
        made.add_row(*(plain(cell) for cell in row))
    return made

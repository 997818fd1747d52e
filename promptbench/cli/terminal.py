"""What all verbs print with: tables on stdout, notes and progress on stderr, nothing unescaped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from promptbench.cli.escape import escaped

# Of a line in a pipe or a file: there is no edge that a table would have to be cut for.
ENDLESS = 100_000


class Printer(Console):
    """A console that tells us of a reader who has gone: rich would end with the code of a gate."""

    def on_broken_pipe(self) -> None:
        """Let the error be, which is at work."""
        raise


def out() -> Console:
    """The console for results."""
    width = None if sys.stdout.isatty() else ENDLESS
    return Printer(highlight=False, soft_wrap=True, width=width)


def err() -> Console:
    """The console for notes and progress."""
    return Console(stderr=True, highlight=False)


def plain(text: str, style: str = "") -> Text:
    """Text as it is: no markup is read in it, and control characters are shown, not obeyed."""
    return Text(escaped(text), style=style)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()
) -> Table:
    """A table without lines; the columns whose positions are in `right` are set to the right.

    Where the terminal is narrow, cells go on in the next line: none of their text is left out.
    """
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for position, column in enumerate(columns):
        justify: JustifyMethod = "right" if position in right else "left"
        made.add_column(plain(column), justify=justify, overflow="fold")
    for row in rows:
        made.add_row(*(plain(cell) for cell in row))
    return made

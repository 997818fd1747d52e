"""The one error tree: every message a user may see, and the exit code it leads to.

PromptbenchError
├── InputError        what the user gave is wrong (exit code 2)
│   ├── SuiteError    the suite file
│   ├── DataError     a file of cases
│   ├── PromptError   a prompt template, or a case that does not fill it
│   └── ModelError    a model spec, a checkpoint folder, a prompt that does not fit
├── StoreError        the store or a file cannot be read or written (exit code 3)
└── RunError          the run could not finish (exit code 3)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

EXIT_OK = 0
EXIT_GATE_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_NOT_FINISHED = 3
EXIT_INTERRUPTED = 130

# A hint lists so many names at most: a data file may hold a hundred thousand.
LISTED = 30
# So many characters are shown of a name in a list, of another name and of a statement: a field
# may be named by a megabyte.
LONGEST = 80
MOST_NAME = 300
MOST = 4000


class PromptbenchError(Exception):
    """An error with a place (`where`), a statement (`what`) and a way out (`hint`)."""

    exit_code = EXIT_NOT_FINISHED

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        """Keep the parts apart, so that a reader other than a terminal can use them."""
        super().__init__(cut(what, MOST))
        self.what = cut(what, MOST)
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """`where: what`, and the hint on a line of its own."""
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line}\n  {self.hint}" if self.hint else line


class InputError(PromptbenchError):
    """What the user gave is wrong; nothing was run."""

    exit_code = EXIT_BAD_INPUT


class SuiteError(InputError):
    """The suite file is wrong."""


class DataError(InputError):
    """A file of cases is wrong."""


class PromptError(InputError):
    """A prompt template is wrong, or a case does not fill it."""


class ModelError(InputError):
    """A model cannot be found or loaded, or a prompt does not fit it."""


class StoreError(PromptbenchError):
    """The store, or a file that is to be written, does not let us."""


class RunError(PromptbenchError):
    """The run could not finish; what was computed is in the store."""


def choices(found: str, allowed: Iterable[str], label: str = "Allowed") -> str:
    """Say what is allowed, the nearest name first, as in `Did you mean 'x'? Allowed: x, y.`."""
    names = sorted(allowed)
    if not names:
        return ""
    folded = {name.lower(): name for name in names}
    near = difflib.get_close_matches(found.lower()[:LONGEST], folded, n=1, cutoff=0.6)
    meant = f"Did you mean '{folded[near[0]]}'? " if near else ""
    return f"{meant}{label}: {listed(names)}."


def listed(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    rest = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return f"{', '.join(cut(name, LONGEST) for name in names[:LISTED])}{rest}"


def cut(text: str, most: int) -> str:
    """A text for a message, its end left out where it is too long to be read."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def not_utf8(error: UnicodeDecodeError) -> str:
    """Say where a text stops being UTF-8, as in `not UTF-8 after 'Caf'`."""
    line = error.object[: error.start].rpartition(b"\n")[2]
    before = line.decode("utf-8", "replace")[-20:].strip()
    return f"not UTF-8 after '{before}'" if before else "not UTF-8"


def first_line(error: Exception) -> str:
    """Another library's message, shortened to its first line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]

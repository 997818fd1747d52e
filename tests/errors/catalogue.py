"""The error catalogue: every mistake that we know of in, docs/errors.md out."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tests.errors import (
    data_file,
    disk,
    gate,
    later,
    model,
    prompt_file,
    suite_file,
    training,
    tune,
    usage,
)
from tests.errors.workspace import Entry, Outcome, happen

GROUPS: Mapping[str, list[Entry]] = {
    "The suite file": suite_file.ENTRIES,
    "The gates": gate.ENTRIES,
    "The data": data_file.ENTRIES,
    "The prompts": prompt_file.ENTRIES,
    "The models": model.ENTRIES,
    "The store and the disk": disk.ENTRIES,
    "Training and adapters": training.ENTRIES,
    "Comparing, planning and racing": later.ENTRIES,
    "Training a model of one's own, looking inside": tune.ENTRIES,
    "The command line": usage.ENTRIES,
}
ENTRIES = [entry for entries in GROUPS.values() for entry in entries]

HEAD = """\
# Errors

Every message names the file, the line, what was found and what to do, on stderr; no traceback
reaches you. The exit code is 0 where all is fine, 1 where a gate failed, 2 for bad input or usage,
3 where the run could not finish and 130 where it was interrupted.
"""
TABLE = "| What you did | The message | Exit code |\n|---|---|---|"


def row(entry: Entry, outcome: Outcome) -> str:
    """A row of the table."""
    lines = outcome.message.rstrip("\n").split("\n")
    message = "<br>".join(code(line.strip()) for line in lines if line.strip())
    return f"| You {entry.did} | {message} | {outcome.code} |"


def code(text: str) -> str:
    """A line of a message as a cell shows it letter by letter."""
    fence = "``" if "`" in text else "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    escaped = text.replace("|", "\\|")
    return f"{fence}{pad}{escaped}{pad}{fence}"


def page() -> str:
    """The whole of docs/errors.md, every mistake made anew."""
    parts = [HEAD]
    for title, entries in GROUPS.items():
        rows = [row(entry, happen(entry)) for entry in entries]
        parts.append("\n".join([f"## {title}\n", TABLE, *rows]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())

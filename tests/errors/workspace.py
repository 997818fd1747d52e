"""A small workspace in which all is right, the ways to make one thing in it wrong, and a run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import FileIO, StringIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from pytest import MonkeyPatch

from promptbench.cli.main import outcome
from tests.errors.checkpoint import write_checkpoint

Prepare = Callable[[Path, MonkeyPatch], list[str]]

SUITE = "suites/email.yaml"
DATA = "suites/email/test.jsonl"
PROMPT = "prompts/email/plain.j2"
MODEL = "checkpoints/tiny"
PLACEHOLDER = "/home/you/project"
RUN_ID = "email-1a2b3c4d"

VALIDATE = ("validate", SUITE)
RUN = ("run", SUITE)

SECOND_PROMPT = "  - file: ../prompts/email/short.j2\n"

SUITE_TEXT = """\
suite: email
data:
  test: email/test.jsonl
  train: email/train.jsonl
prompts:
  - ../prompts/email/plain.j2
  - file: ../prompts/email/short.j2
models: [./checkpoints/tiny]
sampling: {max_tokens: 4}
metrics:
  - rougeL
  - words: {max: 60}
primary: rougeL
"""

PLAIN = """\
{% block user %}
{% block instruction %}
Summarize this email in two sentences.
{% endblock %}

{{ subject }}: {{ body }}
{% endblock %}
"""

SHORT = """\
{% extends "plain.j2" %}
{% block instruction %}
In one sentence, what does this email want?
{% endblock %}
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One mistake. `where` is the place that its message must begin with: a file and a line."""

    name: str
    did: str
    prepare: Prepare
    where: str = ""
    code: int = 2
    stdout: str = os.devnull


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the command line came to."""

    code: int
    message: str


def email(number: int, **fields: Any) -> dict[str, Any]:
    """A row of data."""
    row = {"id": f"email-{number}", "subject": f"Meeting {number}"}
    row |= {"body": f"We meet in room {number}.", "references": [f"A meeting in room {number}."]}
    return row | fields


def lines(*rows: dict[str, Any]) -> str:
    """Rows as JSONL."""
    return "".join(json.dumps(row) + "\n" for row in rows)


FILES = {
    SUITE: SUITE_TEXT,
    DATA: lines(email(1), email(2), email(3)),
    "suites/email/train.jsonl": lines(email(4), email(5)),
    PROMPT: PLAIN,
    "prompts/email/short.j2": SHORT,
}


def put(workspace: Path, name: str, content: str | bytes) -> None:
    """Write a file of the workspace."""
    path = workspace / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def command(*arguments: str) -> Prepare:
    """Nothing is wrong but the command."""
    return lambda workspace, patch: list(arguments)


def file(name: str, content: str | bytes, arguments: Sequence[str] = VALIDATE) -> Prepare:
    """A file with other content."""

    def prepare(workspace: Path, patch: MonkeyPatch) -> list[str]:
        put(workspace, name, content)
        return list(arguments)

    return prepare


def suite(old: str, new: str, arguments: Sequence[str] = VALIDATE) -> Prepare:
    """The suite with a part of its text replaced."""
    assert old in SUITE_TEXT, old
    return file(SUITE, SUITE_TEXT.replace(old, new, 1), arguments)


def data(*rows: dict[str, Any]) -> Prepare:
    """Other cases."""
    return file(DATA, lines(*rows))


def table(name: str, content: str | bytes) -> Prepare:
    """Cases in a file of another name."""

    def prepare(workspace: Path, patch: MonkeyPatch) -> list[str]:
        put(workspace, f"suites/email/{name}", content)
        return suite("email/test.jsonl", f"email/{name}")(workspace, patch)

    return prepare


def template(text: str) -> Prepare:
    """Another text of the plain prompt, which is the only one then."""

    def prepare(workspace: Path, patch: MonkeyPatch) -> list[str]:
        put(workspace, PROMPT, text)
        return suite(SECOND_PROMPT, "")(workspace, patch)

    return prepare


@contextmanager
def good_workspace(patch: MonkeyPatch) -> Iterator[Path]:
    """A temporary folder in which everything is right, as the current folder."""
    with TemporaryDirectory() as name:
        workspace = Path(name).resolve()
        for file_name, text in FILES.items():
            put(workspace, file_name, text)
        write_checkpoint(workspace / MODEL)
        patch.chdir(workspace)
        patch.delenv("FORCE_COLOR", raising=False)
        patch.setenv("COLUMNS", "80")
        yield workspace


def run_once() -> str:
    """Run the workspace's suite, without a word, and return the run's id."""
    told = StringIO()
    with redirect_stdout(told), redirect_stderr(StringIO()):
        outcome([*RUN, "--json"])
    return str(json.loads(told.getvalue())["run"])


def output_to(name: str) -> TextIO:
    """A file as standard output, written without a buffer: closing it has nothing left to do."""
    return TextIOWrapper(FileIO(name, "w"), write_through=True)


def happen(entry: Entry) -> Outcome:
    """Make the mistake in a fresh workspace and see what the command line says."""
    with MonkeyPatch.context() as patch, good_workspace(patch) as workspace:
        arguments = entry.prepare(workspace, patch)
        told, out = StringIO(), output_to(entry.stdout)
        with redirect_stderr(told), redirect_stdout(out), out:
            code = outcome(arguments)
        return Outcome(code, shortened(told.getvalue(), workspace))


def shortened(message: str, workspace: Path) -> str:
    """A message without what changes from time to time: the temporary folder, a run's digest."""
    message = message.replace(str(workspace), PLACEHOLDER)
    return re.sub(r"email-[0-9a-f]{8}\b", RUN_ID, message)

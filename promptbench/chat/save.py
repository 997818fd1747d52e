"""Keep a talk as a case of a suite: a row is appended to its data, and the suite made if need be.

In data whose replies are all given, a model is to answer the last turn, and the reply that was
heard is its reference (suite/dialogue.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from promptbench.chat.conversation import Conversation
from promptbench.chat.persona import BUILT_IN
from promptbench.chat.suite_text import suite_text
from promptbench.error import InputError, StoreError, SuiteError
from promptbench.suite.location import MARKS, inside
from promptbench.suite.read import read_suite
from promptbench.suite.stated import ModelSpec
from promptbench.suite.strict import Name
from promptbench.suite.table import read_rows

ROWS = "talks.jsonl"


@dataclass(frozen=True, slots=True)
class Place:
    """A suite in a workspace, by its name: its file, and the data file of its talks."""

    workspace: Path
    name: str

    @property
    def suite(self) -> Path:
        """The suite file."""
        return self.workspace / "suites" / f"{self.name}.yaml"

    @property
    def folder(self) -> Path:
        """The folder of its data."""
        return self.workspace / "suites" / self.name

    @property
    def rows(self) -> Path:
        """The talks."""
        return self.folder / ROWS


def save(talk: Conversation, model: ModelSpec, place: Place) -> str:
    """Append the talk to a suite's data and say how to run it. A file is never written over.

    Raises InputError for a name that is none, a suite that does not read the talks, or a talk
    without turns; StoreError where nothing can be written.
    """
    check_name(place)
    if not talk.turns:
        raise InputError("nothing was said yet: there is no talk to save")
    if new := not place.suite.is_file():
        persona = persona_path(talk, place)
    else:
        check_suite(place)
    row = row_of(talk)
    shown = os.path.relpath(place.suite)
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        known = is_known(place, row["id"])
        if not known:
            append(place.rows, json.dumps(row, ensure_ascii=False) + "\n")
        if new:
            copy_built_in(talk, persona)
            prompt = Path(os.path.relpath(persona, place.suite.resolve().parent)).as_posix()
            data = f"{place.name}/{ROWS}"
            write_new(place.suite, suite_text(talk, model, place.name, data, prompt))
    except OSError as error:
        what = f"the talk cannot be saved: {error.strerror or error}"
        raise StoreError(what, where=error.filename or str(place.rows)) from error
    done = "was saved before" if known else "is saved"
    made = f", and a suite for it is in {shown}" if new else f"; {shown} stays as it is"
    where = os.path.relpath(place.rows)
    return f"The talk {done} as {row['id']} in {where}{made}.\npromptbench run {shlex.quote(shown)}"


def check_name(place: Place) -> None:
    """A suite's name makes file names, and must not make a folder look like a workspace."""
    try:
        TypeAdapter(Name).validate_python(place.name)
    except ValidationError as error:
        hint = "Letters, digits, '_', '.' and '-', 64 at most, such as /save talks."
        raise InputError(f"'{place.name}' is no name for a suite", hint=hint) from error
    if place.name.lower() in MARKS:
        raise InputError(f"a suite cannot be called '{place.name}'", hint="Take another name.")
    for path in (place.suite, place.rows):
        inside(place.workspace, place.workspace, str(path), str(path))


def check_suite(place: Place) -> None:
    """A suite that is there must read the talks as its cases."""
    shown = os.path.relpath(place.suite)
    suite = read_suite(place.suite)
    reading = [s for s in suite.splits.values() if s.path.resolve() == place.rows.resolve()]
    if not reading or suite.chat is None:
        what = f"this suite does not read talks from {place.name}/{ROWS}"
        raise SuiteError(what, where=shown, hint="Save under another name.")
    fields = reading[0].fields
    if (fields.id, fields.turns) != ("id", "turns"):
        what = f"this suite calls a talk's fields {fields.id} and {fields.turns}"
        raise SuiteError(what, where=shown, hint="Save under another name.")


def row_of(talk: Conversation) -> dict[str, Any]:
    """The talk as a row. Its id is made from what was said: the same talk has the same."""
    turns = [{"user": each.user, "assistant": each.reply} for each in talk.past]
    digest = hashlib.sha256(json.dumps(turns).encode()).hexdigest()
    return {"id": f"talk-{digest[:8]}", "turns": turns}


def is_known(place: Place, row_id: str) -> bool:
    """Whether a row of that id is there. Raises DataError for a file that is broken."""
    if not place.rows.is_file():
        return False
    rows = read_rows(place.rows, os.path.relpath(place.rows))
    return any(row.get("id") == row_id for _, row in rows)


def append(path: Path, line: str) -> None:
    """Add a line in one step: all of it is in the file, or nothing."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(handle).st_size
        if size:
            os.lseek(handle, size - 1, os.SEEK_SET)
            line = line if os.read(handle, 1) == b"\n" else f"\n{line}"
        content = line.encode()
        if os.write(handle, content) < len(content):
            os.ftruncate(handle, size)
            raise OSError(None, "no room for all of it", str(path))
        os.fsync(handle)
    finally:
        os.close(handle)


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet."""
    with path.open("x", encoding="utf-8") as file:
        file.write(text)


def persona_path(talk: Conversation, place: Place) -> Path:
    """The file of the persona, as the suite will name it. Raises InputError if it cannot."""
    template = talk.persona.template
    if template.workspace == BUILT_IN:
        path = place.folder / template.path.name
        text = template.path.read_text(encoding="utf-8")
        if path.is_file() and path.read_text(encoding="utf-8") != text:
            raise InputError(f"{os.path.relpath(path)} is in the way", hint="Move it away.")
        return path
    path = template.path.resolve()
    if not path.is_relative_to(place.workspace.resolve()):
        hint = "Copy it into prompts/chat, and take it from there with /persona."
        raise InputError(f"the persona {template.shown} lies outside of the workspace", hint=hint)
    return path


def copy_built_in(talk: Conversation, path: Path) -> None:
    """Write a built-in persona beside the data, where the suite can read it."""
    template = talk.persona.template
    if template.workspace == BUILT_IN and not path.is_file():
        write_new(path, template.path.read_text(encoding="utf-8"))

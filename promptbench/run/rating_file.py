"""Read a file of ratings: what a report's page saved in, checked fields out."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from promptbench.error import DataError, InputError
from promptbench.record import Preference
from promptbench.suite.explain import explain
from promptbench.suite.table import json_object

FORMAT = "promptbench ratings"
VERSION = 1
MAX_BYTES = 16 * 1024 * 1024
AGAIN = "Save it again from the report's page, or see docs/ratings.md for what a file holds."
# A day: nobody looks at two outputs for longer.
MOST_SECONDS = 86_400.0


class Strict(BaseModel):
    """No unknown keys, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Entry(Strict):
    """One verdict: the case, whose outputs stood where, digests of their texts."""

    case: str
    left: str
    right: str
    left_repeat: int = Field(ge=0)
    right_repeat: int = Field(ge=0)
    left_digest: str
    right_digest: str
    verdict: Preference
    note: str = Field(default="", max_length=10_000)
    seconds: float = Field(ge=0, le=MOST_SECONDS)


class RatingFile(Strict):
    """What one person said in one session."""

    format: Literal["promptbench ratings"]
    version: Literal[1]
    run: str
    suite: str
    data: str
    rater: str = Field(max_length=100)
    started: str
    seed: int = Field(ge=0)
    references: bool
    candidates: list[str]
    wanted: int = Field(ge=1)
    identical: int = Field(default=0, ge=0)
    ratings: list[Entry]


def read_rating_file(path: Path) -> RatingFile:
    """Read a file. Raises InputError, naming the entry where one is wrong."""
    content = _object(path)
    if content.get("format") != FORMAT:
        raise InputError("this is no file of ratings", where=str(path), hint=AGAIN)
    if content.get("version") != VERSION:
        raise InputError(
            f"version: this promptbench reads {VERSION}, found {content.get('version')!r:.60}",
            where=str(path),
            hint="Import it with the promptbench whose report was rated.",
        )
    try:
        file = RatingFile.model_validate(content)
    except ValidationError as error:
        raise _explained(error, path) from error
    if not file.rater.strip():
        raise InputError("rater: there is no name", where=str(path), hint="Write in who rated.")
    if len(set(file.candidates)) < 2:
        what = f"candidates: expected two or more, found {len(set(file.candidates))}"
        raise InputError(what, where=str(path), hint=AGAIN)
    return file


def _object(path: Path) -> dict[str, object]:
    """The file as a JSON object, read strictly."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "not a file"
            raise InputError(f"this is {kind}", where=str(path), hint="Name the file itself.")
        if found.st_size > MAX_BYTES:
            raise InputError(
                f"the file is larger than {MAX_BYTES:,} bytes", where=str(path), hint=AGAIN
            )
        raw = path.read_bytes()
    except FileNotFoundError as error:
        hint = "`Save ratings` puts it among your browser's downloads."
        raise InputError("no such file", where=str(path), hint=hint) from error
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError(what, where=str(path), hint="Check its name and permissions.") from error
    try:
        return json_object(raw, str(path))
    except DataError as error:
        raise InputError(error.what, where=str(path), hint=AGAIN) from error


def _explained(error: ValidationError, path: Path) -> InputError:
    """The first mistake."""
    first = error.errors()[0]
    place = first["loc"]
    what, hint = explain(first, RatingFile)
    where = str(path)
    if len(place) > 1 and place[0] == "ratings" and isinstance(place[1], int):
        where = f"{path}: rating {place[1] + 1}"
        what = what.removeprefix("ratings.").replace("'ratings.", "'")
    return InputError(what, where=where, hint=f"{hint.rstrip('.')}. {AGAIN}" if hint else AGAIN)

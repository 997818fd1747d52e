"""How batches are sent, looked after and read: what the APIs have in common."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol
from urllib.parse import quote

import aiohttp

from promptbench.error import StoreError
from promptbench.model.remote.batch.note import Note
from promptbench.model.remote.client import Client
from promptbench.model.remote.transport import (
    MOST_BYTES,
    TroubleError,
    decoded,
    explained,
    whole,
)
from promptbench.model.remote.wire import MalformedError, part, text_at

RESULT_BYTES = 2_000_000_000
LISTED = 100
MOST_PAGES = 100
ID = re.compile(r"\w[\w.:-]{0,199}")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a batch stands. `seconds` is how long it took, 0 where that is not told.

    `full` says that it was turned away: too much waits at the service already.
    """

    ended: bool
    answered: int
    status: str
    seconds: float = 0.0
    full: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the request `key`: an answer as it would have come by itself, or an error."""

    key: str
    answer: Any = None
    error: str = ""


class PendingError(Exception):
    """A batch may be the one that is looked for; when it has ended, one will know."""


class Service(Protocol):
    """One API for batches. All raise TroubleError, RunError and MalformedError."""

    path: str

    def line(self, key: str, body: Any) -> bytes:
        """A request as it stands in a batch."""
        ...

    async def send(self, session: aiohttp.ClientSession, found: Sequence[bytes], tag: str) -> str:
        """Send a batch; returns its id. It may have been accepted where this raises."""
        ...

    async def look(self, session: aiohttp.ClientSession, batch: str) -> Standing:
        """How a batch stands."""
        ...

    async def fetch(self, session: aiohttp.ClientSession, batch: str, file: IO[bytes]) -> None:
        """Write what a batch that has ended brings into a file, line by line, in any order."""
        ...

    def result(self, row: Any) -> Result:
        """What a line of the results says. Raises MalformedError."""
        ...

    async def find(
        self, session: aiohttp.ClientSession, note: Note, others: Collection[str]
    ) -> str:
        """The id of the batch that a note is about, "" if the service has none.

        `others` are ids of batches that other notes are about. Raises PendingError.
        """
        ...


async def got(client: Client, session: aiohttp.ClientSession, path: str) -> Any:
    """What a GET brings."""
    async with client.exchange(session, "GET", path) as response:
        found = decoded(await whole(response))
    if not isinstance(found, dict):
        raise MalformedError(f"{path} of the answer is no object")
    return found


def id_at(client: Client, value: Any, name: str) -> str:
    """An id that a service gives: it goes into addresses and notes. Raises MalformedError."""
    found = text_at(value, name)
    if not ID.fullmatch(found) or client.without_secret(found) != found:
        raise MalformedError(f"'{name}' of the answer is no id")
    return found


async def listed(
    client: Client, session: aiohttp.ClientSession, path: str, cursor: str
) -> AsyncIterator[Any]:
    """The batches that a service has, the newest first; `cursor` names its way to the next page."""
    after = ""
    for _ in range(MOST_PAGES):
        page = await got(client, session, f"{path}?limit={LISTED}{after}")
        found = part(page, "data")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise MalformedError(f"{path} of the answer has no list of batches")
        for one in found:
            yield one
        if not page.get("has_more"):
            return
        after = f"&{cursor}={quote(text_at(page, 'last_id'), safe='')}"


async def copied(
    client: Client, session: aiohttp.ClientSession, path: str, file: IO[bytes]
) -> None:
    """Append a body of lines to a file. Raises TroubleError for one without an end, or cut off."""
    taken, tail = 0, b""
    async with client.exchange(session, "GET", path, long=True) as response:
        while chunk := await response.content.readany():
            taken += len(chunk)
            if taken > RESULT_BYTES:
                raise TroubleError(f"the results are longer than {RESULT_BYTES:,} bytes")
            keep(chunk, file)
            *whole_lines, rest = chunk.rsplit(b"\n", 1)
            tail = rest if whole_lines else tail + rest
            if max(map(len, (tail, *whole_lines))) > MOST_BYTES:
                raise TroubleError(f"a line of the results is longer than {MOST_BYTES:,} bytes")
    if tail.strip():
        refuse_cut(tail)
        keep(b"\n", file)


def refuse_cut(line: bytes) -> None:
    """A last line that has no end may be a part of one. Raises TroubleError."""
    try:
        decoded(line)
    except ValueError as error:
        what = "the results end in the middle of a line"
        raise TroubleError(what, again=True) from error


def keep(chunk: bytes, file: IO[bytes]) -> None:
    """Write into a file. Raises StoreError: it is not the line that broke."""
    try:
        file.write(chunk)
    except OSError as error:
        raise StoreError(
            f"the results of a batch cannot be kept while they are read: {error.strerror}",
            hint="Free some space. The batch is kept at the service; the same command collects it.",
        ) from error


def counts_of(told: Mapping[str, Any]) -> dict[str, int]:
    """How many requests of a batch are in which state."""
    found = told.get("request_counts")
    counts = found if isinstance(found, dict) else {}
    return {name: whole_number(count) for name, count in counts.items()}


def whole_number(value: Any) -> int:
    """A number that a service tells, 0 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def words_of(said: Any) -> str:
    """An error in a few words."""
    return explained(json.dumps(said).encode()) if said else ""

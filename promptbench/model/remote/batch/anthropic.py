"""The batches of Anthropic's API: requests in, a file of answers and errors out."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any

import aiohttp

from promptbench.model.remote.batch.note import Note
from promptbench.model.remote.batch.service import (
    PendingError,
    Result,
    Standing,
    copied,
    counts_of,
    got,
    id_at,
    listed,
    words_of,
)
from promptbench.model.remote.client import Client
from promptbench.model.remote.transport import decoded, whole
from promptbench.model.remote.wire import part, text_at

# Clocks differ.
HOUR = 3600.0


class AnthropicBatches:
    """POST /v1/messages/batches (platform.claude.com/docs/en/api/messages/batches)."""

    def __init__(self, client: Client) -> None:
        """`client` knows where the server is."""
        self.client = client
        self.path = f"{client.wire.path}/batches"

    def line(self, key: str, body: Any) -> bytes:
        """See Service."""
        return json.dumps({"custom_id": key, "params": body}).encode()

    async def send(self, session: aiohttp.ClientSession, found: Sequence[bytes], tag: str) -> str:
        """See Service. There is no place for a tag."""
        body = BytesIO(b'{"requests": [' + b", ".join(found) + b"]}")
        kind = {"Content-Type": "application/json"}
        sent = self.client.exchange(session, "POST", self.path, body, kind, long=True)
        async with sent as response:
            return id_at(self.client, decoded(await whole(response)), "id")

    async def look(self, session: aiohttp.ClientSession, batch: str) -> Standing:
        """See Service."""
        told = await got(self.client, session, f"{self.path}/{batch}")
        status = text_at(told, "processing_status")
        answered = sum(n for name, n in counts_of(told).items() if name != "processing")
        if status != "ended":
            return Standing(False, answered, status)
        seconds = moment(told.get("ended_at")) - moment(told.get("created_at"))
        return Standing(True, answered, status, max(0.0, seconds))

    async def fetch(self, session: aiohttp.ClientSession, batch: str, file: IO[bytes]) -> None:
        """See Service. `results_url` is not asked: the key is for this host."""
        await copied(self.client, session, f"{self.path}/{batch}/results", file)

    def result(self, row: Any) -> Result:
        """See Service."""
        key, kind = text_at(row, "custom_id"), text_at(row, "result", "type")
        if kind == "succeeded":
            return Result(key, part(row, "result", "message"))
        said = words_of(row["result"].get("error") or {})
        return Result(key, error=f"the batch {kind} it{f': {said}' if said else ''}")

    async def find(
        self, session: aiohttp.ClientSession, note: Note, others: Collection[str]
    ) -> str:
        """See Service: a batch of as many requests, made since, that brings one of the answers.

        Only a batch that has ended tells whose answers it has.
        """
        pending = ""
        async for one in listed(self.client, session, self.path, "after_id"):
            if moment(one.get("created_at")) < note.created - HOUR:
                break
            batch = id_at(self.client, one, "id")
            if batch in others or sum(counts_of(one).values()) != note.size:
                continue
            if text_at(one, "processing_status") != "ended":
                pending = pending or batch
            elif await self.brings(session, batch, note.keys):
                return batch
        if pending:
            raise PendingError(pending)
        return ""

    async def brings(
        self, session: aiohttp.ClientSession, batch: str, keys: Collection[str]
    ) -> bool:
        """Whether a batch that has ended answers one of some requests."""
        with TemporaryFile() as file:
            await self.fetch(session, batch, file)
            file.seek(0)
            line = file.readline()
            return any(key.encode() in line for key in keys)


def moment(text: Any) -> float:
    """Seconds of a time as RFC 3339 writes it, 0 where there is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return 0.0

"""The batches of OpenAI's API: a file of requests in, a file of answers and one of errors out."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from io import BytesIO
from typing import IO, Any

import aiohttp

from promptbench.model.remote.batch.note import Note
from promptbench.model.remote.batch.service import (
    Result,
    Standing,
    copied,
    counts_of,
    got,
    id_at,
    listed,
    whole_number,
    words_of,
)
from promptbench.model.remote.client import Client
from promptbench.model.remote.transport import decoded, whole
from promptbench.model.remote.wire import part, text_at

TAG = "promptbench"
ENDED = ("completed", "failed", "expired", "cancelled")
FULL = "token_limit_exceeded"
# Clocks differ, and batches older than this were not sent since the note was written.
DAY = 86_400


class OpenAIBatches:
    """POST /files, POST /batches (platform.openai.com/docs/api-reference/batch)."""

    path = "/batches"

    def __init__(self, client: Client) -> None:
        """`client` knows where the server is."""
        self.client = client
        self.endpoint = f"/v1{client.wire.path}"

    def line(self, key: str, body: Any) -> bytes:
        """See Service."""
        said = {"custom_id": key, "method": "POST", "url": self.endpoint, "body": body}
        return json.dumps(said).encode()

    async def send(self, session: aiohttp.ClientSession, found: Sequence[bytes], tag: str) -> str:
        """See Service. The tag is among the batch's metadata."""
        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        content = BytesIO(b"\n".join(found) + b"\n")
        form.add_field("file", content, filename="batch.jsonl", content_type="application/jsonl")
        async with self.client.exchange(session, "POST", "/files", form, long=True) as response:
            file = id_at(self.client, decoded(await whole(response)), "id")
        body = {
            "input_file_id": file,
            "endpoint": self.endpoint,
            "completion_window": "24h",
            "metadata": {TAG: tag},
        }
        told = decoded(await self.client.post(session, self.path, body))
        return id_at(self.client, told, "id")

    async def look(self, session: aiohttp.ClientSession, batch: str) -> Standing:
        """See Service."""
        told = await got(self.client, session, f"{self.path}/{batch}")
        status = text_at(told, "status")
        counts = counts_of(told)
        answered = counts.get("completed", 0) + counts.get("failed", 0)
        if status not in ENDED:
            return Standing(False, answered, status)
        end = max(whole_number(told.get(f"{each}_at")) for each in ENDED)
        seconds = max(0, end - whole_number(told.get("created_at")))
        if status != "failed":
            return Standing(True, answered, status, seconds)
        why, full = problem_of(told)
        return Standing(True, answered, f"failed: {why}", seconds, full)

    async def fetch(self, session: aiohttp.ClientSession, batch: str, file: IO[bytes]) -> None:
        """See Service. Answers are in one file, errors in another."""
        told = await got(self.client, session, f"{self.path}/{batch}")
        for name in ("output_file_id", "error_file_id"):
            if told.get(name):
                place = f"/files/{id_at(self.client, told, name)}/content"
                await copied(self.client, session, place, file)

    def result(self, row: Any) -> Result:
        """See Service."""
        key, response = text_at(row, "custom_id"), row.get("response")
        if isinstance(response, dict) and response.get("status_code") == 200:
            return Result(key, part(response, "body"))
        said = response.get("body") if isinstance(response, dict) else row.get("error")
        status = f" {response.get('status_code')}" if isinstance(response, dict) else ""
        return Result(key, error=f"the batch answered{status}: {words_of(said)}")

    async def find(
        self, session: aiohttp.ClientSession, note: Note, others: Collection[str]
    ) -> str:
        """See Service: by the tag."""
        async for one in listed(self.client, session, self.path, "after"):
            about = one.get("metadata")
            if isinstance(about, dict) and about.get(TAG) == note.nonce:
                return id_at(self.client, one, "id")
            if 0 < whole_number(one.get("created_at")) < note.created - DAY:
                break
        return ""


def problem_of(told: Any) -> tuple[str, bool]:
    """Why a batch failed, and whether that is because too much waits at the service already."""
    try:
        problem = told["errors"]["data"][0]
        return str(problem["message"]), problem.get("code") == FULL
    except (KeyError, IndexError, TypeError, AttributeError):
        return "the service does not say why", False

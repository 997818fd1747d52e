"""How batches are sent, looked after and read: OpenAI's API, and Anthropic's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import aiohttp

from promptbench.model.remote.batch.note import Note
from promptbench.model.remote.client import Client
from promptbench.model.remote.transport import explained, lines, whole
from promptbench.model.remote.wire import MalformedError, part, text_at

# Well under what the services allow (50,000 requests and 200 MB; 100,000 and 256 MB).
MOST_REQUESTS = 10_000
MOST_BYTES = 90_000_000
RESULT_BYTES = 2_000_000_000
LISTED = 100
TAG = "promptbench"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a batch stands. `seconds` is how long it took, 0 where that is not told."""

    ended: bool
    answered: int
    status: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the request `key`: an answer as it would have come by itself, or an error."""

    key: str
    answer: Any = None
    error: str = ""


class Service(Protocol):
    """One API for batches. All raise TroubleError, RunError and MalformedError."""

    def line(self, key: str, body: Any) -> bytes:
        """A request as it stands in a batch."""
        ...

    async def send(self, session: aiohttp.ClientSession, found: Sequence[bytes], tag: str) -> str:
        """Send a batch; returns its id. It may have been accepted where this raises."""
        ...

    async def look(self, session: aiohttp.ClientSession, batch: str) -> Standing:
        """How a batch stands."""
        ...

    def results(self, session: aiohttp.ClientSession, batch: str) -> AsyncIterator[Result]:
        """What a batch that has ended brings, in any order."""
        ...

    async def find(self, session: aiohttp.ClientSession, note: Note) -> str:
        """The id of the batch that a note is about, "" if the service has none."""
        ...


class OpenAIBatches:
    """POST /files, POST /batches (platform.openai.com/docs/api-reference/batch)."""

    ENDED = ("completed", "failed", "expired", "cancelled")

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
        content = b"\n".join(found) + b"\n"
        form.add_field("file", content, filename="batch.jsonl", content_type="application/jsonl")
        async with self.client.exchange(session, "POST", "/files", form) as response:
            file = text_at(json.loads(await whole(response)), "id")
        body = {
            "input_file_id": file,
            "endpoint": self.endpoint,
            "completion_window": "24h",
            "metadata": {TAG: tag},
        }
        return text_at(json.loads(await self.client.post(session, "/batches", body)), "id")

    async def look(self, session: aiohttp.ClientSession, batch: str) -> Standing:
        """See Service."""
        told = await got(self.client, session, f"/batches/{batch}")
        status = text_at(told, "status")
        counts = told.get("request_counts") or {}
        answered = int(counts.get("completed") or 0) + int(counts.get("failed") or 0)
        ended = [told.get(f"{each}_at") for each in self.ENDED]
        seconds = max((int(at) for at in ended if at), default=0) - int(told.get("created_at") or 0)
        if status == "failed":
            problems = (told.get("errors") or {}).get("data") or [{}]
            status = f"failed: {problems[0].get('message', 'nobody says why')}"
        done = status.split(":")[0] in self.ENDED
        return Standing(done, answered, status, max(0, seconds) if done else 0)

    async def results(self, session: aiohttp.ClientSession, batch: str) -> AsyncIterator[Result]:
        """See Service. Answers are in one file, errors in another."""
        told = await got(self.client, session, f"/batches/{batch}")
        for name in ("output_file_id", "error_file_id"):
            if file := told.get(name):
                path = f"/files/{file}/content"
                async for row in rows(self.client, session, path):
                    yield self.result(row)

    def result(self, row: Any) -> Result:
        """A line of a file."""
        key, response = text_at(row, "custom_id"), row.get("response")
        if isinstance(response, dict) and response.get("status_code") == 200:
            return Result(key, part(response, "body"))
        said = response.get("body") if isinstance(response, dict) else row.get("error")
        status = f" {response.get('status_code')}" if isinstance(response, dict) else ""
        return Result(key, error=f"the batch answered{status}: {words_of(said)}")

    async def find(self, session: aiohttp.ClientSession, note: Note) -> str:
        """See Service: by the tag."""
        listed = await got(self.client, session, f"/batches?limit={LISTED}")
        for one in part(listed, "data"):
            if (one.get("metadata") or {}).get(TAG) == note.nonce:
                return text_at(one, "id")
        return ""


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
        body = b'{"requests": [' + b", ".join(found) + b"]}"
        kind = {"Content-Type": "application/json"}
        async with self.client.exchange(session, "POST", self.path, body, kind) as response:
            return text_at(json.loads(await whole(response)), "id")

    async def look(self, session: aiohttp.ClientSession, batch: str) -> Standing:
        """See Service."""
        told = await got(self.client, session, f"{self.path}/{batch}")
        status = text_at(told, "processing_status")
        counts = told.get("request_counts") or {}
        answered = sum(int(count or 0) for name, count in counts.items() if name != "processing")
        if status != "ended":
            return Standing(False, answered, status)
        seconds = moment(told.get("ended_at")) - moment(told.get("created_at"))
        return Standing(True, answered, status, max(0.0, seconds))

    async def results(self, session: aiohttp.ClientSession, batch: str) -> AsyncIterator[Result]:
        """See Service."""
        async for row in rows(self.client, session, f"{self.path}/{batch}/results"):
            key, kind = text_at(row, "custom_id"), text_at(row, "result", "type")
            if kind == "succeeded":
                yield Result(key, part(row, "result", "message"))
            else:
                said = words_of(row["result"].get("error") or {})
                yield Result(key, error=f"the batch {kind} it{f': {said}' if said else ''}")

    async def find(self, session: aiohttp.ClientSession, note: Note) -> str:
        """See Service: a batch of as many requests, made since, that brings one of the answers.

        Only a batch that has ended tells whose answers it has; one that has not is waited for by
        whoever asks again.
        """
        listed = await got(self.client, session, f"{self.path}?limit={LISTED}")
        for one in part(listed, "data"):
            counts = one.get("request_counts") or {}
            same = sum(int(count or 0) for count in counts.values()) == len(note.keys)
            if not same or moment(one.get("created_at")) < note.created - 60:
                continue
            batch = text_at(one, "id")
            if text_at(one, "processing_status") != "ended":
                raise PendingError(batch)
            async for result in self.results(session, batch):
                if result.key in note.keys:
                    return batch
                break
        return ""


class PendingError(Exception):
    """A batch may be the one that is looked for; when it has ended, one will know."""


async def got(client: Client, session: aiohttp.ClientSession, path: str) -> Any:
    """What a GET brings."""
    async with client.exchange(session, "GET", path) as response:
        found = json.loads(await whole(response))
    if not isinstance(found, dict):
        raise MalformedError(f"{path} of the answer is no object")
    return found


async def rows(client: Client, session: aiohttp.ClientSession, path: str) -> AsyncIterator[Any]:
    """The objects of a file of lines."""
    async with client.exchange(session, "GET", path) as response:
        async for line in lines(response, RESULT_BYTES):
            yield json.loads(line)


def words_of(said: Any) -> str:
    """An error in a few words."""
    return explained(json.dumps(said).encode()) if said else ""


def moment(text: Any) -> float:
    """Seconds of a time as RFC 3339 writes it, 0 where there is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0

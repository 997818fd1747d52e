"""Services with batch endpoints, as their documentation has them; every field is checked."""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

KEY = "sk-canary-4711"
NEVER = 10**9


@dataclass
class Batch:
    """A batch that was accepted."""

    id: str
    rows: list[dict[str, Any]]
    created: float
    tag: str = ""
    looks: int = 0


Trouble = Callable[[str, int], web.StreamResponse | None]
"""What to answer instead to a call ("POST /files"), of which so many came before; None: go on."""


@dataclass
class Service:
    """`looks` is how often a batch is looked at before it ends; `lines` changes its results."""

    base: str = ""
    looks: int = 2
    status: str = ""
    trouble: Trouble = lambda call, before: None
    drop: Callable[[str, int], bool] = lambda call, before: False
    lines: Callable[[list[bytes]], list[bytes]] = lambda found: found
    answer: Callable[[dict[str, Any]], dict[str, Any]] = lambda body: {}
    batches: dict[str, Batch] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    single: int = 0

    def called(self, name: str) -> int:
        """How often a call came."""
        return self.calls.count(name)

    def begin(self, rows: list[dict[str, Any]], tag: str = "") -> Batch:
        """Accept a batch."""
        assert len({row["custom_id"] for row in rows}) == len(rows) > 0
        made = Batch(f"batch_{len(self.batches) + 1}", rows, time.time(), tag)
        self.batches[made.id] = made
        return made

    def page(
        self, request: web.Request, cursor: str, shown: Callable[[Batch], dict[str, Any]]
    ) -> web.StreamResponse:
        """The batches, the newest first, so many at once."""
        limit = int(request.query["limit"])
        assert set(request.query) <= {"limit", cursor}
        assert 1 <= limit <= 100
        every = list(self.batches.values())[::-1]
        ids = [one.id for one in every]
        start = ids.index(request.query[cursor]) + 1 if cursor in request.query else 0
        found = every[start : start + limit]
        last = found[-1].id if found else None
        more = start + limit < len(every)
        data = [shown(one) for one in found]
        return web.json_response({"data": data, "has_more": more, "last_id": last})

    def look(self, batch: Batch) -> bool:
        """Whether a batch has ended."""
        batch.looks += 1
        return batch.looks > self.looks

    def told(self, lines: list[dict[str, Any]]) -> bytes:
        """Results in another order than they were asked for, changed as a test wants it."""
        found = [json.dumps(line).encode() for line in lines]
        random.Random(1).shuffle(found)
        return b"\n".join(self.lines(found)) + b"\n"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = request.path.removeprefix("/v1")
        name = f"{request.method} {path.split('batch_')[0].split('file_')[0].rstrip('/')}"
        name += " results" if path.endswith("/results") else ""
        before = self.called(name)
        self.calls.append(name)
        if (instead := self.trouble(name, before)) is not None:
            return instead
        answered = await self.route(request, path)
        if self.drop(name, before):
            assert request.transport is not None
            request.transport.abort()
        return answered

    async def route(self, request: web.Request, path: str) -> web.StreamResponse:
        raise NotImplementedError


class OpenAI(Service):
    """platform.openai.com/docs/api-reference/batch."""

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        said = body["messages"][-1]["content"]
        return {
            "model": body["model"],
            "choices": [{"message": {"content": f" To {said} "}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 2},
        } | self.answer(body)

    async def route(self, request: web.Request, path: str) -> web.StreamResponse:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        if request.method == "POST" and path == "/files":
            return await self.upload(request)
        if request.method == "POST" and path == "/batches":
            return await self.create(request)
        if request.method == "POST":
            assert path == "/chat/completions"
            self.single += 1
            return web.json_response(self.reply(await request.json()))
        if path == "/batches":
            return self.page(request, "after", lambda one: self.shown(one, False))
        if path.startswith("/batches/"):
            batch = self.batches[path.removeprefix("/batches/")]
            return web.json_response(self.shown(batch, self.look(batch)))
        if path.startswith("/files/") and path.endswith("/content"):
            return web.Response(body=self.files[path.split("/")[2]])
        return web.json_response({"data": []})

    async def upload(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        assert form["purpose"] == "batch"
        file = form["file"]
        assert isinstance(file, web.FileField)
        assert file.filename.endswith(".jsonl")
        name = f"file_{len(self.files) + 1}"
        self.files[name] = file.file.read()
        return web.json_response({"id": name, "object": "file", "purpose": "batch"})

    async def create(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        assert set(asked) == {"input_file_id", "endpoint", "completion_window", "metadata"}
        assert asked["endpoint"] == "/v1/chat/completions"
        assert asked["completion_window"] == "24h"
        rows = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        for row in rows:
            assert set(row) == {"custom_id", "method", "url", "body"}
            assert (row["method"], row["url"]) == ("POST", asked["endpoint"])
            assert row["body"]["max_tokens"] > 0
        batch = self.begin(rows, asked["metadata"]["promptbench"])
        return web.json_response(self.shown(batch, False))

    def shown(self, batch: Batch, ended: bool) -> dict[str, Any]:
        status = (self.status or "completed") if ended else "in_progress"
        shown = {
            "id": batch.id,
            "status": status,
            "metadata": {"promptbench": batch.tag},
            "created_at": int(batch.created),
            "request_counts": {"total": len(batch.rows), "completed": 0, "failed": 0},
        }
        if ended:
            self.write(batch)
            shown |= {f"{status}_at": int(batch.created) + len(batch.rows) * 3}
            shown |= {"output_file_id": f"file_{batch.id}", "error_file_id": f"file_{batch.id}_e"}
        if status == "failed":
            shown |= {"errors": {"data": [{"code": "x", "message": "no such model"}]}}
            shown |= {"output_file_id": None, "error_file_id": None}
        return shown

    def write(self, batch: Batch) -> None:
        """Put results into files: what a message calls bad is an error."""
        good, bad = [], []
        for row in batch.rows:
            said = row["body"]["messages"][-1]["content"]
            if "bad" in said:
                response = {"status_code": 400, "body": {"error": {"message": "too bad"}}}
                bad.append({"custom_id": row["custom_id"], "response": response, "error": None})
            else:
                response = {"status_code": 200, "body": self.reply(row["body"])}
                good.append({"custom_id": row["custom_id"], "response": response, "error": None})
        self.files[f"file_{batch.id}"] = self.told(good)
        self.files[f"file_{batch.id}_e"] = self.told(bad)


class Anthropic(Service):
    """platform.claude.com/docs/en/api/messages/batches."""

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        said = body["messages"][-1]["content"]
        return {
            "model": body["model"],
            "content": [{"type": "text", "text": f" To {said} "}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 7, "output_tokens": 2},
        } | self.answer(body)

    async def route(self, request: web.Request, path: str) -> web.StreamResponse:
        assert request.headers["x-api-key"] == KEY
        assert request.headers["anthropic-version"] == "2023-06-01"
        if request.method == "POST" and path == "/messages":
            self.single += 1
            return web.json_response(self.reply(await request.json()))
        if request.method == "POST":
            assert path == "/messages/batches"
            asked = await request.json()
            assert set(asked) == {"requests"}
            for row in asked["requests"]:
                assert set(row) == {"custom_id", "params"}
                assert len(row["custom_id"]) <= 64
                assert row["params"]["max_tokens"] > 0
            return web.json_response(self.shown(self.begin(asked["requests"]), False))
        if path == "/messages/batches":
            return self.page(
                request, "after_id", lambda one: self.shown(one, one.looks > self.looks)
            )
        if path.endswith("/results"):
            return web.Response(body=self.results(self.batches[path.split("/")[3]]))
        if path.startswith("/messages/batches/"):
            batch = self.batches[path.split("/")[3]]
            return web.json_response(self.shown(batch, self.look(batch)))
        return web.json_response({"data": []})

    def shown(self, batch: Batch, ended: bool) -> dict[str, Any]:
        def moment(seconds: float) -> str:
            return datetime.fromtimestamp(batch.created + seconds, UTC).isoformat()

        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        counts["succeeded" if ended else "processing"] = len(batch.rows)
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": counts,
            "created_at": moment(0),
            "ended_at": moment(3 * len(batch.rows)) if ended else None,
            "results_url": "http://192.0.2.1/elsewhere" if ended else None,
        }

    def results(self, batch: Batch) -> bytes:
        found = []
        for row in batch.rows:
            said = row["params"]["messages"][-1]["content"]
            if self.status:
                result: dict[str, Any] = {"type": self.status}
            elif "bad" in said:
                error = {"type": "error", "error": {"type": "x", "message": "too bad"}}
                result = {"type": "errored", "error": error}
            else:
                result = {"type": "succeeded", "message": self.reply(row["params"])}
            found.append({"custom_id": row["custom_id"], "result": result})
        return self.told(found)


@contextmanager
def service(kind: type[Service]) -> Iterator[Service]:
    """A service on a free port of this machine, and its key, for as long as the block lasts."""
    made = kind()
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    runner: list[web.AppRunner] = []

    async def start() -> None:
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{path:.*}", made.handle)
        runner.append(web.AppRunner(app, access_log=None, shutdown_timeout=0.1))
        await runner[0].setup()
        await web.TCPSite(runner[0], "127.0.0.1", 0).start()
        made.base = f"http://127.0.0.1:{runner[0].addresses[0][1]}/v1"

    def work() -> None:
        loop.run_until_complete(start())
        loop.call_soon(ready.set)  # a loop that does not run forever yet would forget to stop
        loop.run_forever()
        loop.run_until_complete(runner[0].cleanup())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    variable = f"PROMPTBENCH_KEY_127_0_0_1_{runner[0].addresses[0][1]}"
    os.environ[variable] = KEY
    try:
        yield made
    finally:
        # Another test may get the same port.
        del os.environ[variable]
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)

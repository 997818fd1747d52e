"""A small HTTP server in a thread: what it is asked is noted, what it answers a test decides."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

CHAT = {
    "id": "x",
    "model": "m",
    "choices": [{"message": {"role": "assistant", "content": " Hi! "}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2},
}


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """What to answer. `cut` hangs up in the middle of the body; `delay` is in seconds.

    With `chunk` the body goes out in so many bytes at a time.
    """

    body: Any = field(default_factory=lambda: CHAT)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    delay: float = 0.0
    chunk: int = 0


Behaviour = Callable[[Asked, int], Answer]
"""What to answer to a request, of which so many came before."""


@dataclass
class Server:
    """The server: `base` is its URL, `asked` what came in by POST, `pages` what a GET gets.

    `seen` counts the requests of any kind.
    """

    behaviour: Behaviour = lambda asked, number: Answer()
    base: str = ""
    asked: list[Asked] = field(default_factory=list)
    seen: int = 0
    pages: dict[str, Any] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.seen += 1
        if request.method == "GET":
            return web.json_response(self.pages.get(request.path, {"data": []}))
        asked = Asked(request.path, dict(request.headers), await request.json())
        self.asked.append(asked)
        answer = self.behaviour(asked, len(self.asked) - 1)
        await asyncio.sleep(answer.delay)
        raw = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        if answer.cut:
            response = web.StreamResponse(headers={"Content-Length": str(len(raw))})
            await response.prepare(request)
            await response.write(raw[: len(raw) // 2])
            assert request.transport is not None
            request.transport.abort()
            return response
        if answer.chunk:
            stream = web.StreamResponse(status=answer.status)
            await stream.prepare(request)
            for start in range(0, len(raw), answer.chunk):
                await stream.write(raw[start : start + answer.chunk])
            return stream
        return web.Response(body=raw, status=answer.status, headers=answer.headers)


@contextmanager
def serving(behaviour: Behaviour | None = None) -> Iterator[Server]:
    """A server on a free port of this machine, for as long as the block lasts."""
    server = Server()
    if behaviour is not None:
        server.behaviour = behaviour
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    runner: list[web.AppRunner] = []

    async def start() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", server.handle)
        runner.append(web.AppRunner(app, access_log=None, shutdown_timeout=0.1))
        await runner[0].setup()
        site = web.TCPSite(runner[0], "127.0.0.1", 0)
        await site.start()
        port = runner[0].addresses[0][1]
        server.base = f"http://127.0.0.1:{port}/v1"

    def work() -> None:
        loop.run_until_complete(start())
        loop.call_soon(ready.set)  # a loop that does not run forever yet would forget to stop
        loop.run_forever()
        loop.run_until_complete(runner[0].cleanup())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)

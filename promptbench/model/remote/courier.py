"""Carry many requests to a server at once: an event loop in a thread, batches in and out."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from types import TracebackType

import aiohttp

from promptbench.model.remote.client import Client
from promptbench.record import Completion, Request

# Requests that wait beside those that are under way, so that no connection does.
AHEAD = 3
# What comes in within so many seconds is handed over together: a batch is one write to the disk.
GATHER = 0.1
MOST_AT_ONCE = 512

Result = Completion | BaseException


class Courier:
    """Runs a client's requests in a thread of its own, `concurrency` at once."""

    def __init__(self, client: Client) -> None:
        """Nothing is sent before `stream`."""
        self.client = client
        self.concurrency = client.settings.concurrency
        self.results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self.ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.waiting: asyncio.Queue[Request | None] = asyncio.Queue()
        self.problem: BaseException | None = None
        self.thread = threading.Thread(target=self.work, name="courier", daemon=True)

    def __enter__(self) -> Courier:
        """Start the thread."""
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up, and wait until the thread has ended."""
        with suppress(RuntimeError):  # it has ended by itself
            self.loop.call_soon_threadsafe(self.stop)
        self.thread.join()

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """Yield completions as they come. Raises what ends all requests, after what came before."""
        waiting, pending = iter(requests), 0
        window = self.concurrency * (1 + AHEAD)
        while True:
            fresh = list(islice(waiting, window - pending))
            pending += len(fresh)
            if fresh:
                self.loop.call_soon_threadsafe(self.put, fresh)
            if not pending:
                return
            batch, problem = self.take(pending)
            pending -= len(batch)
            if batch:
                yield batch
            if problem is not None:
                raise problem

    def take(self, pending: int) -> tuple[list[Completion], BaseException | None]:
        """What has come in: at least one thing, and what comes a moment after it."""
        found: list[Completion] = []
        wait: float | None = None
        while len(found) < min(pending, MOST_AT_ONCE):
            try:
                one = self.results.get(timeout=wait)
            except queue.Empty:
                break
            if isinstance(one, BaseException):
                return found, one
            found.append(one)
            enough = len(found) >= self.concurrency * AHEAD
            wait = 0.0 if enough else GATHER
            if enough and self.results.empty():
                break
        return found, None

    # In the thread

    def work(self) -> None:
        """The thread: one worker a connection until `stop`."""
        asyncio.set_event_loop(self.loop)
        with suppress(asyncio.CancelledError):
            self.task = self.loop.create_task(self.serve())
            self.loop.run_until_complete(self.task)
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    async def serve(self) -> None:
        """Answer what waits, over kept connections, without cookies and without proxies."""
        connector = aiohttp.TCPConnector(limit=self.concurrency)
        jar = aiohttp.DummyCookieJar()
        session = aiohttp.ClientSession(connector=connector, cookie_jar=jar)
        async with session, asyncio.TaskGroup() as group:
            for _ in range(self.concurrency):
                group.create_task(self.worker(session))
        if self.problem is not None:
            self.results.put(self.problem)

    async def worker(self, session: aiohttp.ClientSession) -> None:
        """One request after another, until there is a problem that no request could escape.

        What is under way then is still waited for: what was answered is never asked again.
        """
        while (request := await self.waiting.get()) is not None and self.problem is None:
            try:
                self.results.put(await self.client.answer(session, request))
            except Exception as error:
                self.problem = self.problem or error
                for _ in range(self.concurrency):
                    self.waiting.put_nowait(None)

    def put(self, requests: list[Request]) -> None:
        """Let requests wait for a worker."""
        for request in requests:
            self.waiting.put_nowait(request)

    def stop(self) -> None:
        """Cancel everything."""
        self.task.cancel()

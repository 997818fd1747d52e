"""A connection to a service, asked from a thread that has no event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

import aiohttp

Found = TypeVar("Found")


class Line:
    """A connection to a service: an event loop in a thread of its own, asked from any other."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="batches", daemon=True)

    def __enter__(self) -> Line:
        """Start."""
        self.thread.start()
        self.session = self.wait(self.connected())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        self.wait(self.session.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def run(self, make: Callable[[aiohttp.ClientSession], Coroutine[Any, Any, Found]]) -> Found:
        """What comes of a question."""
        return self.wait(make(self.session))

    def wait(self, coming: Coroutine[Any, Any, Found]) -> Found:
        """Wait for something that happens in the thread; whoever is interrupted takes it back."""
        future = asyncio.run_coroutine_threadsafe(coming, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def connected(self) -> aiohttp.ClientSession:
        """A session without cookies."""
        return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

"""Let a server's answer be heard while it comes: one request in, pieces of text and it all out."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

import aiohttp

from promptbench.model.local.voice import Voice, certain
from promptbench.model.remote.client import Client
from promptbench.model.remote.wire import before_stop
from promptbench.record import Completion, Request

# So often who listens may say that it is enough, while nothing comes.
MOMENT = 0.1

Piece = str | Completion | BaseException


class Talk:
    """One answer that is heard: the network in a thread of its own, who listens in the caller's."""

    def __init__(self, client: Client, request: Request) -> None:
        """Nothing is sent before `run`."""
        self.client = client
        self.request = request
        self.pieces: queue.SimpleQueue[Piece] = queue.SimpleQueue()
        self.loop = asyncio.new_event_loop()
        self.task = self.loop.create_task(self.ask())
        self.thread = threading.Thread(target=self.work, name="talk", daemon=True)

    def run(self, hear: Callable[[str], None]) -> Completion:
        """The completion. Whatever `hear` raises hangs up; RunError as Client.answer."""
        self.thread.start()
        voice, stops, text = Voice(hear), self.request.sampling.stop, ""
        try:
            while True:
                piece = self.next(hear)
                if isinstance(piece, BaseException):
                    raise piece
                if isinstance(piece, Completion):
                    voice.say(piece.text)
                    return piece
                text += piece
                voice.say(certain(before_stop(text, stops), stops))
        finally:
            with suppress(RuntimeError):  # it has ended by itself
                self.loop.call_soon_threadsafe(self.task.cancel)
            self.thread.join()

    def next(self, hear: Callable[[str], None]) -> Piece:
        """What comes next; `hear` gets "" from time to time, for it may have heard enough."""
        while True:
            try:
                return self.pieces.get(timeout=MOMENT)
            except queue.Empty:
                hear("")

    # In the thread

    def work(self) -> None:
        """The thread."""
        with suppress(asyncio.CancelledError):
            self.loop.run_until_complete(self.task)
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    async def ask(self) -> None:
        """Ask, over a connection of its own."""
        try:
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
                self.pieces.put(
                    await self.client.answer(session, self.request, tell=self.pieces.put)
                )
        except Exception as error:
            self.pieces.put(error)

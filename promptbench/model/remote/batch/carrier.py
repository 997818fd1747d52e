"""Carry requests to a batch endpoint and wait for the answers: half the price, within a day.

What was sent is noted before and after, so that neither Ctrl-C nor a crash pays twice: the same
command first collects what is under way.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from promptbench.error import RunError
from promptbench.model.protocol import Notify
from promptbench.model.remote.batch.line import Line
from promptbench.model.remote.batch.note import Note, Notes
from promptbench.model.remote.batch.service import (
    MOST_BYTES,
    MOST_REQUESTS,
    AnthropicBatches,
    OpenAIBatches,
    PendingError,
    Result,
    Service,
    Standing,
)
from promptbench.model.remote.budget import at_most
from promptbench.model.remote.client import Client, failed, over
from promptbench.model.remote.contact import entry_of
from promptbench.model.remote.retry import PATIENCE, pause
from promptbench.model.remote.transport import TroubleError
from promptbench.model.remote.wire import MalformedError
from promptbench.record import Completion, Request

SHARE = 0.5  # of the price of a request by itself
SOON, LATE, SLOWER = 5.0, 60.0, 1.5  # seconds between two looks, and how they grow
HANDED = 200  # completions that are handed over, and stored, together
FOLDER = Path(".promptbench") / "batches"
GOES_ON = "The batch goes on at the service; the same command collects it."

Found = TypeVar("Found")


@dataclass(slots=True)
class Load:
    """Requests of one batch, by their keys, and what is set aside of the budget for each."""

    note: Note
    requests: dict[str, Request]
    reserved: dict[str, float]


class Batches:
    """Answers a client's requests through its service's batch endpoint."""

    def __init__(self, client: Client, folder: Path, notify: Notify) -> None:
        """`folder` is the workspace."""
        self.client = client
        self.service: Service = (
            AnthropicBatches(client) if client.address.api == "anthropic" else OpenAIBatches(client)
        )
        self.server = entry_of(client)
        self.notes = Notes(folder / FOLDER)
        self.notify = notify

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """Yield completions batch by batch. Raises RunError for what no request could escape."""
        waiting = iter(requests)
        with Line() as line:
            left: dict[str, Request] = {}
            while left := self.chunk(waiting, left):
                loads = [*self.under_way(line, left)]
                if left and (load := self.submit(line, left)):
                    loads.append(load)
                if not loads:
                    raise over(self.client.budget)
                for load in loads:
                    yield from self.collect(line, load)

    def chunk(self, waiting: Iterator[Request], left: dict[str, Request]) -> dict[str, Request]:
        """As many requests as a batch may hold, those that were left over first."""
        size = sum(map(size_of, left.values()))
        while len(left) < MOST_REQUESTS and size < MOST_BYTES:
            request = next(waiting, None)
            if request is None:
                break
            left[request.key] = request
            size += size_of(request)
        return left

    def under_way(self, line: Line, left: dict[str, Request]) -> Iterator[Load]:
        """Batches from before that bring some of the answers; their requests are taken out."""
        for found in self.notes.of(self.server):
            note = found
            if left.keys().isdisjoint(note.keys):
                continue
            if not note.id:
                batch = self.sought(line, note)
                if not batch:  # it was never accepted
                    self.notes.strike(note, note.keys)
                    continue
                note = self.notes.write(replace(note, id=batch))
            wanted = {key: left.pop(key) for key in note.keys if key in left}
            yield Load(note, wanted, dict.fromkeys(wanted, 0.0))

    def submit(self, line: Line, left: dict[str, Request]) -> Load | None:
        """Send what the budget allows for; the rest stays in `left`. None if that is all."""
        price, budget = self.client.settings.price, self.client.budget
        reserved: dict[str, float] = {}
        for key, request in left.items():
            amount = at_most(request, price) * SHARE
            if not budget.reserve(amount):
                break
            reserved[key] = amount
        if not reserved:
            return None
        sent = {key: left.pop(key) for key in reserved}
        found = [
            self.service.line(key, self.client.body_of(request)) for key, request in sent.items()
        ]
        note = self.notes.write(Note(self.server, tuple(sent)))
        self.notify(f"Sending a batch of {len(sent):,} to {self.client.address.host} ...")
        known = self.notes.write(replace(note, id=self.sent(line, found, note)))
        return Load(known, sent, reserved)

    def sent(self, line: Line, found: list[bytes], note: Note) -> str:
        """Send a batch, and again where that helps, but never one that was accepted."""
        for attempt in range(self.client.settings.retries + 1):
            try:
                return line.run(lambda s: self.service.send(s, found, note.nonce))
            except (TroubleError, MalformedError, ValueError) as error:
                if batch := self.sought(line, note):
                    return batch
                self.again(error, attempt, "Nothing was accepted; the same command sends it.")
            except RunError:
                self.notes.strike(note, note.keys)
                raise
        raise AssertionError("the last try raises")

    def sought(self, line: Line, note: Note) -> str:
        """The id of a batch that may have been accepted, "" if it was not."""
        while True:
            try:
                return self.patient(line, lambda s: self.service.find(s, note))
            except PendingError:
                time.sleep(SOON)

    def collect(self, line: Line, load: Load) -> Iterator[list[Completion]]:
        """Wait for a batch's end; hand over what it brings, and an error for what it does not."""
        standing = self.wait(line, load)
        share, handed = standing.seconds / len(load.note.keys), set[str]()
        for found in self.results(line, load, share):
            yield found
            handed.update(done.key for done in found)
        if load.requests:
            why = f"the batch has no answer to it ({standing.status})"
            lacking = [self.settled(load, failed(r, why, 1), 0.0) for r in load.requests.values()]
            yield lacking
            handed.update(done.key for done in lacking)
        self.notes.strike(load.note, handed)

    def wait(self, line: Line, load: Load) -> Standing:
        """Look after a batch until it has ended, less and less often."""
        rest, told = SOON, -1
        while True:
            standing = self.patient(line, lambda s: self.service.look(s, load.note.id))
            if standing.ended:
                return standing
            if standing.answered != told:
                told = standing.answered
                self.notify(
                    f"Batch at {self.client.address.host}: {told:,} of {len(load.note.keys):,}"
                    " answered. Ctrl-C leaves it running; the same command collects it."
                )
            time.sleep(rest)
            rest = min(LATE, rest * SLOWER)

    def results(self, line: Line, load: Load, share: float) -> Iterator[list[Completion]]:
        """Completions by the hundred. What was handed over before the line broke is left out."""
        for attempt in range(self.client.settings.retries + 1):
            rows = line.begin(lambda s: self.service.results(s, load.note.id))
            try:
                while part := line.wait(some(rows)):
                    found = [
                        self.completion(load, load.requests.pop(one.key), one, share)
                        for one in unlike(part)
                        if one.key in load.requests
                    ]
                    if found:
                        yield found
            except (TroubleError, MalformedError, ValueError) as error:
                self.again(error, attempt, GOES_ON)
            else:
                return

    def completion(self, load: Load, request: Request, found: Result, share: float) -> Completion:
        """A result as the completion that the request would have come to by itself."""
        if found.error:
            return self.settled(load, failed(request, found.error, 1), 0.0)
        try:
            reply = self.client.understood(found.answer, request)
        except TroubleError as trouble:
            return self.settled(load, failed(request, str(trouble), 1), trouble.cost)
        done = self.client.completed(request, reply, share)
        return self.settled(load, done, self.client.price_of(reply))

    def settled(self, load: Load, done: Completion, price: float | None) -> Completion:
        """A completion with what it cost; what nobody knows the budget takes for the worst."""
        reserved = load.reserved[done.key]
        cost = reserved if price is None else price * SHARE
        self.client.budget.settle(reserved, cost)
        known = price is not None and self.client.settings.price is not None
        return replace(done, cost=cost) if known else done

    def patient(
        self, line: Line, make: Callable[[aiohttp.ClientSession], Coroutine[Any, Any, Found]]
    ) -> Found:
        """Ask something that may be asked again."""
        for attempt in range(self.client.settings.retries + 1):
            try:
                return line.run(make)
            except (TroubleError, MalformedError, ValueError) as error:
                self.again(error, attempt, GOES_ON)
        raise AssertionError("the last try raises")

    def again(self, error: Exception, attempt: int, hint: str) -> None:
        """Rest before another try. Raises RunError if there is to be none."""
        asked = error.wait if isinstance(error, TroubleError) else None
        helps = error.again if isinstance(error, TroubleError) else True
        rest = pause(attempt, asked, self.client.draw)
        if attempt == self.client.settings.retries or not helps or rest > PATIENCE:
            raise RunError(f"{self.client.address.host} and its batches: {error}", hint=hint)
        time.sleep(rest)


async def some(rows: AsyncIterator[Result]) -> list[Result]:
    """The next results, none at the end."""
    found: list[Result] = []
    async for one in rows:
        found.append(one)
        if len(found) == HANDED:
            break
    return found


def unlike(found: Iterable[Result]) -> Iterable[Result]:
    """One result a key, the first."""
    first: dict[str, Result] = {}
    for one in found:
        first.setdefault(one.key, one)
    return first.values()


def size_of(request: Request) -> int:
    """Bytes of a request's texts, and of what goes around them, roughly."""
    return 500 + sum(len(message.text.encode()) for message in request.messages)

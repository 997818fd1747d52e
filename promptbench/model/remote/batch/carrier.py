"""Carry requests to a batch endpoint and wait for the answers: half the price, within a day.

What was sent is noted before and after, so that neither Ctrl-C nor a crash pays twice: the same
command first collects what is under way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

from promptbench.model.protocol import Notify, quiet
from promptbench.model.remote.batch.anthropic import AnthropicBatches
from promptbench.model.remote.batch.line import Line
from promptbench.model.remote.batch.note import Note, Notes, note_of
from promptbench.model.remote.batch.openai import OpenAIBatches
from promptbench.model.remote.batch.post import Post, standing_text, waits
from promptbench.model.remote.batch.result_file import ResultFile
from promptbench.model.remote.batch.service import Service, Standing
from promptbench.model.remote.budget import at_most
from promptbench.model.remote.client import Client, over
from promptbench.model.remote.contact import entry_of
from promptbench.model.remote.transport import TroubleError
from promptbench.record import Completion, Request

SHARE = 0.5  # of the price of a request by itself
# Well under what the services allow (50,000 requests and 200 MB; 100,000 and 256 MB).
MOST_REQUESTS = 10_000
MOST_BYTES = 90_000_000
MOST_LOADS = 10  # batches that are under way at once
HANDED = 200  # completions that are handed over, and stored, together
FOLDER = Path(".promptbench") / "batches"


@dataclass(slots=True)
class Load:
    """A batch that is under way: the requests that it answers here, and what is reserved for each.

    `answered` counts what it had answered when it was last looked at.
    """

    note: Note
    requests: dict[str, Request]
    reserved: dict[str, float]
    answered: int = 0


class Batches:
    """Answers a client's requests through its service's batch endpoint."""

    def __init__(
        self, client: Client, folder: Path, notify: Notify = quiet, fresh: bool = False
    ) -> None:
        """`folder` is the workspace; `fresh` wants nothing that was stored before."""
        self.client = client
        self.service = service_of(client)
        self.server = entry_of(client)
        self.notes = Notes(folder / FOLDER)
        self.notify = notify
        self.fresh = fresh
        self.loads: list[Load] = []
        self.most_loads, self.most_requests = MOST_LOADS, MOST_REQUESTS
        self.told = ""

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """Yield completions batch by batch. Raises RunError for what no request could escape."""
        waiting, left = iter(requests), dict[str, Request]()
        try:
            with Line() as line:
                post = Post(self.client, self.service, line, self.notes, self.notify)
                while True:
                    self.fill(post, waiting, left)
                    if not self.loads and not left:
                        return
                    if not self.loads:
                        raise over(self.client.budget)
                    load, standing = self.first_ended(post)
                    self.loads.remove(load)
                    if not (standing.full and self.make_room(load, left)):
                        yield from self.collect(post, load, standing)
        finally:
            self.notes.let_go()

    # What is sent

    def fill(self, post: Post, waiting: Iterator[Request], left: dict[str, Request]) -> None:
        """Have as many batches under way as may be, or as the budget allows for.

        `left` are requests that were taken and are in no batch.
        """
        while len(self.loads) < self.most_loads:
            self.take(waiting, left)
            while self.adopt(post, left):
                self.take(waiting, left)
            if not left or not self.submit(post, left):
                return

    def take(self, waiting: Iterator[Request], left: dict[str, Request]) -> None:
        """Take as many requests as a batch may have."""
        fresh = islice(waiting, max(0, self.most_requests - len(left)))
        left.update((request.key, request) for request in fresh)

    def adopt(self, post: Post, left: dict[str, Request]) -> bool:
        """Take what other sittings have sent out of `left`; False if they have sent nothing.

        What may have been stored is nothing for a run that is to be fresh.
        """
        found = self.notes.claim(self.server, left)
        for claimed in found:
            note = self.notes.strike(claimed, claimed.handed) if self.fresh else claimed
            if left.keys().isdisjoint(note.keys):
                self.notes.free(note.nonce)
                continue
            if not note.id:
                batch = post.sought(note)
                if not batch:  # it was never accepted
                    self.notes.strike(note, note.keys)
                    continue
                note = self.notes.write(replace(note, id=batch))
            self.bring(note, {key: left.pop(key) for key in note.keys if key in left})
        return bool(found)

    def bring(self, note: Note, wanted: dict[str, Request]) -> None:
        """Have a batch of another sitting among the loads. What it costs is owed."""
        reserved = {key: self.worst(request) for key, request in wanted.items()}
        self.client.budget.owe(sum(reserved.values()))
        for load in self.loads:
            if load.note.nonce == note.nonce:
                load.requests.update(wanted)
                load.reserved.update(reserved)
                return
        self.loads.append(Load(note, wanted, reserved))

    def submit(self, post: Post, left: dict[str, Request]) -> bool:
        """Send a batch of what the limits and the budget allow for; False if that is nothing."""
        found: list[bytes] = []
        reserved: dict[str, float] = {}
        size = 0
        for key, request in islice(left.items(), self.most_requests):
            text = self.service.line(key, self.client.body_of(request))
            size += len(text)
            if (found and size > MOST_BYTES) or not self.client.budget.reserve(self.worst(request)):
                break
            found.append(text)
            reserved[key] = self.worst(request)
        if not found:
            return False
        note = self.notes.begin(note_of(self.server, reserved))
        self.notify(f"Sending a batch of {len(found):,} to {self.client.address.host} ...")
        note = self.notes.write(replace(note, id=post.sent(found, note)))
        self.loads.append(Load(note, {key: left.pop(key) for key in reserved}, reserved))
        return True

    def make_room(self, load: Load, left: dict[str, Request]) -> bool:
        """Take back what the service turned away, and send less at once; False if it is one."""
        if self.loads:
            self.most_loads = len(self.loads)
        elif len(load.requests) > 1:
            self.most_requests = len(load.requests) // 2
        else:
            return False
        self.client.budget.settle(sum(load.reserved.values()), 0.0)
        left.update(load.requests)
        self.notes.strike(load.note, load.note.keys)
        self.notify(f"{self.client.address.host} has no room for as much at once: sent in parts")
        return True

    def worst(self, request: Request) -> float:
        """What a request can cost in a batch."""
        return at_most(request, self.client.settings.price) * SHARE

    # What comes back

    def first_ended(self, post: Post) -> tuple[Load, Standing]:
        """Look after the batches, less and less often, until one has ended."""
        for seconds in waits():
            for load in self.loads:
                standing = post.look(load.note)
                if standing and standing.ended:
                    return load, standing
                load.answered = standing.answered if standing else load.answered
            counts = [(load.answered, load.note.size) for load in self.loads]
            text = standing_text(self.client.address.host, counts)
            if text != self.told:
                self.told = text
                self.notify(text)
            time.sleep(seconds)
        raise AssertionError("there is no last wait")

    def collect(self, post: Post, load: Load, standing: Standing) -> Iterator[list[Completion]]:
        """Hand over what a batch brings, and an error for what it does not.

        Whoever takes the next part has stored the one before.
        """
        share, waiting = standing.seconds / load.note.size, iter(load.requests)
        stored: list[str] = []
        with TemporaryFile(dir=self.notes.folder) as file:
            results = post.results(load.note, file)
            while keys := list(islice(waiting, HANDED)):
                load.note = self.notes.hand(load.note, keys, stored)
                yield [self.completion(load, key, results, standing, share) for key in keys]
                stored = keys
        load.note = self.notes.strike(load.note, stored)
        self.notes.free(load.note.nonce)

    def completion(
        self, load: Load, key: str, results: ResultFile, standing: Standing, share: float
    ) -> Completion:
        """A result as the completion that the request would have come to by itself."""
        request, found = load.requests[key], results.of(key)
        if found is None:
            unread = f", {results.unread} lines of it cannot be read" if results.unread else ""
            why = f"the batch has no answer to it ({standing.status}{unread})"
            return self.settled(load, self.client.failed(request, why, 1), 0.0)
        if found.error:
            return self.settled(load, self.client.failed(request, found.error, 1), 0.0)
        try:
            reply = self.client.understood(found.answer, request)
        except TroubleError as trouble:
            return self.settled(load, self.client.failed(request, str(trouble), 1), trouble.cost)
        done = self.client.completed(request, reply, share)
        return self.settled(load, done, self.client.price_of(reply))

    def settled(self, load: Load, done: Completion, price: float | None) -> Completion:
        """A completion with what it cost; what nobody knows the budget takes for the worst."""
        reserved = load.reserved[done.key]
        cost = reserved if price is None else price * SHARE
        self.client.budget.settle(reserved, cost)
        known = price is not None and self.client.settings.price is not None
        return replace(done, cost=cost) if known else done


def service_of(client: Client) -> Service:
    """How the client's service has its batches."""
    return AnthropicBatches(client) if client.address.api == "anthropic" else OpenAIBatches(client)

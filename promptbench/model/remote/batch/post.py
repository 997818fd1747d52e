"""Speak with a batch endpoint: what fails for a while is tried again, what was accepted never."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, TypeVar

import aiohttp

from promptbench.error import RunError
from promptbench.model.protocol import Notify
from promptbench.model.remote.batch.line import Line
from promptbench.model.remote.batch.note import Note, Notes
from promptbench.model.remote.batch.result_file import ResultFile
from promptbench.model.remote.batch.service import PendingError, Service, Standing
from promptbench.model.remote.client import Client
from promptbench.model.remote.retry import PATIENCE, pause
from promptbench.model.remote.transport import TroubleError
from promptbench.model.remote.wire import MalformedError

SOON, LATE, SLOWER = 5.0, 60.0, 1.5  # seconds between two looks, and how they grow
# So many looks at a batch may fail one after another: about an hour.
MOST_MISSED = 60
GOES_ON = "The batch goes on at the service; the same command collects it."
LOOKED_FOR = "If it was accepted all the same, the same command finds it; if not, sends it."

PASSING = (TroubleError, MalformedError, ValueError)

Found = TypeVar("Found")
Ask = Callable[[aiohttp.ClientSession], Coroutine[Any, Any, Found]]


@dataclass(slots=True)
class Post:
    """A service behind a line. `missed` counts looks in vain, by batch."""

    client: Client
    service: Service
    line: Line
    notes: Notes
    notify: Notify
    missed: dict[str, int] = field(default_factory=dict)

    def sent(self, found: Sequence[bytes], note: Note) -> str:
        """Send a batch; returns its id. One whose acceptance was not heard is looked for first.

        Raises RunError; the note stays unless the batch was refused.
        """
        for attempt in range(self.client.settings.retries + 1):
            if attempt and (batch := self.sought(note)):
                return batch
            try:
                return self.line.run(lambda s: self.service.send(s, found, note.nonce))
            except PASSING as error:
                if refused(error):
                    self.notes.strike(note, note.keys)
                    raise RunError(
                        f"the batch was refused: {error}",
                        hint="Nothing of it was accepted. What was sent before goes on.",
                    ) from error
                self.rest(error, attempt, LOOKED_FOR)
            except RunError:
                self.notes.strike(note, note.keys)
                raise
        raise AssertionError("the last try raises")

    def sought(self, note: Note) -> str:
        """The id of a batch that may have been accepted, "" if it was not."""
        others = self.notes.ids()
        told = ""
        for seconds in waits():
            try:
                return self.patient(lambda s: self.service.find(s, note, others))
            except PendingError as pending:
                if str(pending) != told:
                    told = str(pending)
                    self.notify(
                        f"{self.client.address.host} may have accepted a batch before: when"
                        f" {told} has ended, one will know. Ctrl-C leaves it running."
                    )
            time.sleep(seconds)
        raise AssertionError("there is no last wait")

    def look(self, note: Note) -> Standing | None:
        """How a batch stands; None where the service does not tell just now. Raises RunError."""
        try:
            standing = self.patient(lambda s: self.service.look(s, note.id), tries=1)
        except RunError as error:
            self.missed[note.id] = self.missed.get(note.id, 0) + 1
            passing = isinstance(error.__cause__, PASSING) and not refused(error.__cause__)
            if not passing or self.missed[note.id] > MOST_MISSED:
                raise self.lost(error, note) from error
            if self.missed[note.id] == 1:
                self.notify(f"{error.what}; asked again until it answers")
            return None
        self.missed.pop(note.id, None)
        return standing

    def results(self, note: Note, file: IO[bytes]) -> ResultFile:
        """What a batch brings, copied into a file. Lines that nobody can read are asked for again.

        Raises RunError if the results do not come whole.
        """
        last = self.client.settings.retries
        for attempt in range(last + 1):
            try:
                file.seek(0)
                file.truncate()
                self.line.run(lambda s: self.service.fetch(s, note.id, file))
            except PASSING as error:
                self.rest(error, attempt, GOES_ON)
                continue
            except RunError as error:
                raise self.lost(error, note) from error
            found = ResultFile(file, self.service.result)
            if not found.unread or attempt == last:
                return found
            time.sleep(pause(attempt, None, self.client.draw))
        raise AssertionError("the last try returns or raises")

    def patient(self, ask: Ask[Found], tries: int | None = None) -> Found:
        """Ask something that may be asked again, as often as the settings say or `tries`."""
        for attempt in range(tries or self.client.settings.retries + 1):
            try:
                return self.line.run(ask)
            except PASSING as error:
                self.rest(error, attempt, GOES_ON, tries)
        raise AssertionError("the last try raises")

    def rest(self, error: Exception, attempt: int, hint: str, tries: int | None = None) -> None:
        """Rest before another try. Raises RunError if there is to be none."""
        asked = error.wait if isinstance(error, TroubleError) else None
        helps = error.again if isinstance(error, TroubleError) else True
        seconds = pause(attempt, asked, self.client.draw)
        last = attempt + 1 >= (tries or self.client.settings.retries + 1)
        if last or not helps or seconds > PATIENCE:
            what = f"{self.client.address.host} and its batches: {error}"
            raise RunError(what, hint=hint) from error
        time.sleep(seconds)

    def lost(self, error: RunError, note: Note) -> RunError:
        """The error, and what to do should the service have the batch no more."""
        return RunError(
            error.what,
            hint=f"{GOES_ON} If the service has {note.id} no more, or another key sent it, delete"
            f" {self.notes.path(note)}: its requests are then sent again.",
        )


def refused(error: BaseException | None) -> bool:
    """Whether a service said no, and will say so again."""
    return isinstance(error, TroubleError) and not error.again and error.cost == 0.0


def waits() -> Iterator[float]:
    """Seconds between two looks, for ever."""
    seconds = SOON
    while True:
        yield seconds
        seconds = min(LATE, seconds * SLOWER)


def standing_text(host: str, batches: Collection[tuple[int, int]]) -> str:
    """How some batches stand, each with the number of its answers and of its requests."""
    answered, size = (sum(counts) for counts in zip(*batches, strict=True))
    one = len(batches) == 1
    start = "Batch" if one else f"{len(batches)} batches"
    it = "it" if one else "them"
    return (
        f"{start} at {host}: {answered:,} of {size:,} answered. Ctrl-C leaves {it} running; the"
        f" same command collects {it}."
    )

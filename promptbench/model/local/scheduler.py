"""Decide what each step computes: which prompts are read, which rows go on, which are done.

A step reads a chunk of prompt tokens and, beside them, one token for every row that is generating.
So the multiplications are large even while few prompts are left to read, no row waits for another,
and a finished row's slot is taken by the next prompt at once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from promptbench.error import RunError
from promptbench.model.local.branch import Choosing, begin_choosing
from promptbench.model.local.cache import Keys
from promptbench.model.local.choose import begin
from promptbench.model.local.chosen import Chosen
from promptbench.model.local.packing import Active, Kept, Reading, Work
from promptbench.model.local.prefix import Path, Segment, find_paths
from promptbench.model.local.row import Ends, Listen, Row, nobody
from promptbench.model.local.runner import Runner
from promptbench.model.local.shelf import Shelf
from promptbench.record import Request

ROWS = 40  # at most, side by side
CHUNK = 320  # prompt tokens of a step, or a whole prompt of up to twice as many
HAND_OVER = 16  # finished rows are handed over by this many, or after
HAND_OVER_SECONDS = 2.0

Done = Row | Chosen


class Scheduler:
    """Runs a set of requests to their ends on one runner."""

    def __init__(
        self,
        runner: Runner,
        ends: Ends,
        shelf: Shelf,
        rows: int = ROWS,
        chunk: int = CHUNK,
        listen: Listen = nobody,
    ) -> None:
        """`shelf` has the slots; what it holds of sessions is used, and theirs stay there."""
        self.runner = runner
        self.ends = ends
        self.shelf = shelf
        self.most = rows
        self.chunk = chunk
        self.listen = listen
        self.readings: deque[Reading] = deque()
        self.active: list[Active] = []

    def run(self, requests: Sequence[Request]) -> Iterator[list[Done]]:
        """Yield what is done. Raises RunError if the model's numbers are not finite."""
        try:
            yield from self.finish(requests)
        except Exception:
            self.shelf.clear()  # numbers in it may be wrong
            raise
        except BaseException:
            for active in self.active:  # interrupted: the next turn goes on from here
                self.release(active)
            raise

    def finish(self, requests: Sequence[Request]) -> Iterator[list[Done]]:
        """See run."""
        self.rows = [self.begin(request) for request in requests]
        self.paths = deque(self.order(requests))
        lengths = [self.length(path) for path in self.paths]
        sessions = [session_of(requests[path.prompt]) for path in self.paths]
        self.shelf.begin(self.paths, sessions, max(lengths), self.most)
        done: list[Done] = []
        handed = time.monotonic()
        while self.paths or self.readings or self.active:
            self.admit()
            done += self.step()
            if done and (len(done) >= HAND_OVER or time.monotonic() - handed > HAND_OVER_SECONDS):
                yield done
                done, handed = [], time.monotonic()
        if done:
            yield done

    def begin(self, request: Request) -> Row | Choosing:
        """A request before anything is known of its answer."""
        choice = request.sampling.choice
        if choice is None:
            return begin(request, self.ends)
        words = [word for words in choice.words for word in words]
        return begin_choosing(request, self.ends.continue_with(request.encoded, words))

    def length(self, path: Path) -> int:
        """The tokens that a prompt's slot must hold."""
        return len(path.own) + self.rows[path.prompt].room

    def order(self, requests: Sequence[Request]) -> list[Path]:
        """Paths of what is held first, then the others; see `grouped`."""
        prompts = [request.encoded.ids for request in requests]
        resumed = self.shelf.resumed(prompts, [session_of(request) for request in requests])
        known = {path.prompt for path in resumed}
        new = [number for number in range(len(prompts)) if number not in known]
        # In attention calls, a segment costs about as much as reading two tokens does, every step.
        steps = max(r.sampling.max_tokens if r.sampling.choice is None else 1 for r in requests)
        found = find_paths([prompts[number] for number in new], 2 * steps)
        ordered = grouped(resumed) + grouped([replace(p, prompt=new[p.prompt]) for p in found])
        for order, segment in enumerate(dict.fromkeys(s for p in ordered for s in p.segments)):
            segment.order = order
        return ordered

    def admit(self) -> None:
        """Give slots to the next prompts, as far as one chunk has room for them."""
        room = self.chunk - sum(reading.left for reading in self.readings)
        while self.paths and self.shelf.has_slot and room > 0:
            path = self.paths.popleft()
            for depth, segment in enumerate(path.segments):
                if segment not in self.shelf.segments:
                    room -= self.read_segment(segment, path.segments[:depth])
            row = self.rows[path.prompt]
            slot, done = self.shelf.place(path, session_of(row.request), self.length(path))
            active = Active(row, path, slot)
            tree = row.tree if isinstance(row, Choosing) else None
            own = Reading(
                path.own, self.shelf.keys, slot, path.start, path.segments, active, None, tree, done
            )
            self.readings.append(own)
            room -= own.left

    def read_segment(self, segment: Segment, above: tuple[Segment, ...]) -> int:
        """Queue a segment to be read before the prompts under it."""
        count = len(segment.tokens)
        keys = Keys(self.runner.shape, 1, count)
        kept = Kept(keys, segment.users)
        self.shelf.segments[segment] = kept
        self.readings.append(Reading(segment.tokens, keys, 0, segment.start, above, kept=kept))
        return count

    def step(self) -> list[Done]:
        """Compute one step and let rows hear of it; returns what is done."""
        started = time.perf_counter()
        work = Work(self.runner.device)
        work.decode(self.active, self.shelf.keys, self.shelf.segments)
        for reading in self.readings:
            if work.room(self.chunk) <= 0:
                break
            work.read(reading, self.shelf.segments, self.chunk)
        logits = self.runner.forward(work.tokens, work.step(), work.wanted)
        # A NaN is the maximum of whatever holds one.
        if not bool(torch.isfinite(logits.amax(dim=-1)).all()):
            raise RunError(
                "the model computes numbers that are not finite (NaN or infinity)",
                hint="Its weights are damaged or training diverged: no output can be scored.",
            )
        at = 0
        for active, places in work.owners:
            active.row.hear(places, logits[at : at + len(places)])
            at += len(places)
        self.charge(work, (time.perf_counter() - started) / len(work.tokens))
        ended = self.settle(work)
        for active, _ in work.owners:
            if isinstance(active.row, Row):
                self.listen(active.row)
        return ended

    def charge(self, work: Work, seconds: float) -> None:
        """Charge each token's seconds to its row, or to the segment's users in equal parts."""
        for reading, piece in work.readings:
            if reading.active is not None:
                reading.active.row.seconds += seconds * piece.count
            elif reading.kept is not None:
                reading.kept.seconds += seconds * piece.count / reading.kept.users
        for active in self.active:
            active.row.seconds += seconds

    def settle(self, work: Work) -> list[Done]:
        """Count what was read, let rows begin to generate, and take leave of those that ended."""
        for active in self.active:
            active.kept += 1
        for reading, piece in work.readings:
            reading.done += piece.count
            if not reading.left:
                self.readings.remove(reading)
                if reading.active is not None:
                    reading.active.kept = reading.done
                    self.active.append(reading.active)
        ended = [active for active in self.active if active.row.finish]
        self.active = [active for active in self.active if not active.row.finish]
        for active in ended:
            self.release(active)
        if not self.paths and not self.readings:
            self.close_gaps()
        return [active.row.done() for active in ended]

    def release(self, active: Active) -> None:
        """Take leave of a row: its slot is free, or stays with its session."""
        for segment in active.path.segments:
            active.row.seconds += self.shelf.segments[segment].seconds
        session = session_of(active.row.request)
        self.shelf.leave(active.slot, active.path, session, active.held)

    def close_gaps(self) -> None:
        """Move rows down once no prompt will take the free slots: decoding reads all below."""
        free = self.shelf.free
        for active in sorted(self.active, key=lambda a: -a.slot):
            lowest = min(free, default=active.slot)
            if lowest < active.slot:
                self.shelf.keys.move(active.slot, lowest, active.kept)
                free.remove(lowest)
                free.add(active.slot)
                active.slot = lowest


def session_of(request: Request) -> str:
    """The dialogue that a request goes on with, "" for none. A choice writes nothing to go on."""
    return request.session if request.sampling.choice is None else ""


def grouped(paths: Sequence[Path]) -> list[Path]:
    """Paths group by group, the group of the longest first, the longest first in each."""
    groups: dict[int, list[Path]] = {}
    for path in paths:
        top = id(path.segments[0]) if path.segments else 0
        groups.setdefault(top, []).append(path)
    ordered = sorted(groups.values(), key=lambda g: -max(len(p.own) for p in g))
    return [p for group in ordered for p in sorted(group, key=lambda p: -len(p.own))]

"""Decide what each step computes: which prompts are read, which rows go on, which are done.

A step reads a chunk of prompt tokens and, beside them, one token for every row that is generating.
So the multiplications are large even while few prompts are left to read, no row waits for another,
and a finished row's slot is taken by the next prompt at once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence

import torch

from promptbench.error import RunError
from promptbench.model.local.branch import Choosing, begin_choosing
from promptbench.model.local.cache import Keys, slots_for
from promptbench.model.local.chosen import Chosen
from promptbench.model.local.packing import Active, Kept, Reading, Work
from promptbench.model.local.prefix import Path, Segment, find_paths
from promptbench.model.local.row import Ends, Row, begin
from promptbench.model.local.runner import Runner
from promptbench.record import Request

ROWS = 40  # at most, side by side
CHUNK = 320  # prompt tokens of a step, or a whole prompt of up to twice as many
HAND_OVER = 16  # finished rows are handed over by this many, or after
HAND_OVER_SECONDS = 2.0

Done = Row | Chosen


class Scheduler:
    """Runs a set of requests to their ends on one runner."""

    def __init__(
        self, runner: Runner, ends: Ends, budget: int, rows: int = ROWS, chunk: int = CHUNK
    ) -> None:
        """`budget` is the memory in bytes that keys and values may take."""
        self.runner = runner
        self.ends = ends
        self.budget = budget
        self.most = rows
        self.chunk = chunk

    def run(self, requests: Sequence[Request]) -> Iterator[list[Done]]:
        """Yield what is done. Raises RunError if the model's numbers are not finite."""
        self.rows = [self.begin(request) for request in requests]
        self.paths = deque(self.order(requests))
        lengths = [self.length(path) for path in self.paths]
        slots = slots_for(self.budget, self.runner.shape, lengths, self.most)
        self.slots = Keys(self.runner.shape, slots, max(lengths))
        self.free = set(range(slots))
        self.used = [0] * slots  # tokens that a slot ever held: its memory is taken up to there
        self.segments: dict[Segment, Kept] = {}
        self.readings: deque[Reading] = deque()
        self.active: list[Active] = []
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
        """Paths group by group, the group of the longest first, the longest first in each."""
        groups: dict[int, list[Path]] = {}
        # In attention calls, a segment costs about as much as reading two tokens does, every step.
        steps = max(r.sampling.max_tokens if r.sampling.choice is None else 1 for r in requests)
        for path in find_paths([r.encoded.ids for r in requests], 2 * steps):
            top = id(path.segments[0]) if path.segments else 0
            groups.setdefault(top, []).append(path)
        ordered = sorted(groups.values(), key=lambda g: -max(len(p.own) for p in g))
        return [p for group in ordered for p in sorted(group, key=lambda p: -len(p.own))]

    def admit(self) -> None:
        """Give free slots to the next prompts, as far as one chunk has room for them."""
        room = self.chunk - sum(reading.left for reading in self.readings)
        while self.paths and self.free and room > 0:
            path = self.paths.popleft()
            for depth, segment in enumerate(path.segments):
                if segment not in self.segments:
                    room -= self.read_segment(segment, path.segments[:depth])
            row = self.rows[path.prompt]
            active = Active(row, path, self.take_slot(path))
            tree = row.tree if isinstance(row, Choosing) else None
            own = Reading(
                path.own, self.slots, active.slot, path.start, path.segments, active, tree=tree
            )
            self.readings.append(own)
            room -= own.left

    def take_slot(self, path: Path) -> int:
        """The free slot that takes the least new memory, and of those the smallest."""
        need = self.length(path)
        slot = min(self.free, key=lambda s: (max(0, need - self.used[s]), self.used[s], s))
        self.free.remove(slot)
        self.used[slot] = max(self.used[slot], need)
        return slot

    def read_segment(self, segment: Segment, above: tuple[Segment, ...]) -> int:
        """Queue a segment to be read before the prompts under it."""
        count = len(segment.tokens)
        keys = Keys(self.runner.shape, 1, count)
        kept = Kept(keys, segment.users, segment.users)
        self.segments[segment] = kept
        self.readings.append(Reading(segment.tokens, keys, 0, segment.start, above, kept=kept))
        return count

    def step(self) -> list[Done]:
        """Compute one step and let rows hear of it; returns what is done."""
        started = time.perf_counter()
        work = Work(self.runner.device)
        work.decode(self.active, self.slots, self.segments)
        for reading in self.readings:
            if work.room(self.chunk) <= 0:
                break
            work.read(reading, self.segments, self.chunk)
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
        return self.settle(work)

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
        """Free a row's slot, and the segments that nobody needs any more."""
        self.free.add(active.slot)
        for segment in active.path.segments:
            kept = self.segments[segment]
            active.row.seconds += kept.seconds
            kept.waiting -= 1
            if not kept.waiting:
                del self.segments[segment]

    def close_gaps(self) -> None:
        """Move rows down once no prompt will take the free slots: decoding reads all below."""
        for active in sorted(self.active, key=lambda a: -a.slot):
            lowest = min(self.free, default=active.slot)
            if lowest < active.slot:
                self.slots.move(active.slot, lowest, active.kept)
                self.free.remove(lowest)
                self.free.add(active.slot)
                active.slot = lowest

"""Pack one step: pieces of prompts and the next token of each row, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from promptbench.model.local.attention import Block, Decoding, Piece, Shared, Step
from promptbench.model.local.cache import Keys
from promptbench.model.local.prefix import Path, Segment
from promptbench.model.local.row import Row


@dataclass(slots=True, eq=False)
class Active:
    """A row that has a slot. `kept` counts the tokens that the slot holds."""

    row: Row
    path: Path
    slot: int
    kept: int = 0

    @property
    def position(self) -> int:
        """The position of its next token."""
        return self.path.start + self.kept


@dataclass(slots=True, eq=False)
class Kept:
    """A segment's keys and values. `waiting` counts the rows below it that have not ended.

    `seconds` is what reading it cost, for each of its `users`.
    """

    keys: Keys
    users: int
    waiting: int
    seconds: float = 0.0


@dataclass(slots=True, eq=False)
class Reading:
    """Prompt tokens that are being read into `keys`: a row's own, or a segment's.

    `start` is the position of the first, `above` the segments before it, `done` how many are read.
    """

    tokens: tuple[int, ...]
    keys: Keys
    slot: int
    start: int
    above: tuple[Segment, ...]
    active: Active | None = None
    kept: Kept | None = None
    done: int = 0


@dataclass(slots=True)
class Work:
    """One step while it is gathered: tokens, positions, and what they attend to.

    `owners` are the rows that get a next token, from the logits of the tokens `wanted`.
    """

    device: torch.device
    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    readings: list[tuple[Reading, Piece]] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)
    latest: dict[Segment, int] = field(default_factory=dict)
    wanted: list[int] = field(default_factory=list)
    owners: list[Active] = field(default_factory=list)
    decoding: Decoding | None = None

    def room(self, chunk: int) -> int:
        """Prompt tokens that the step can still take."""
        return chunk - len(self.tokens)

    def read(self, reading: Reading, segments: Mapping[Segment, Kept], chunk: int) -> None:
        """Take as much of a reading as there is room for."""
        count = min(self.room(chunk), len(reading.tokens) - reading.done)
        first, start = len(self.tokens), reading.start + reading.done
        self.tokens += reading.tokens[reading.done : reading.done + count]
        self.positions += range(start, start + count)
        block = Block(reading.keys, reading.slot, reading.start, reading.done + count)
        self.readings.append((reading, Piece(first, count, block, reading.done)))
        for segment in reading.above:
            self.attend(segment, segments[segment], first, count)
        if reading.active is not None and reading.done + count == len(reading.tokens):
            self.wanted.append(len(self.tokens) - 1)
            self.owners.append(reading.active)

    def attend(self, segment: Segment, kept: Kept, first: int, count: int) -> None:
        """Let tokens attend to a segment: prompts below it that are neighbours share one call."""
        if segment in self.latest:
            before = self.shared[self.latest[segment]]
            if before.first + before.count == first:
                joined = Shared(before.first, before.count + count, before.block)
                self.shared[self.latest[segment]] = joined
                return
        self.latest[segment] = len(self.shared)
        block = Block(kept.keys, 0, segment.start, len(segment.tokens))
        self.shared.append(Shared(first, count, block))

    def decode(self, rows: Sequence[Active], keys: Keys, segments: Mapping[Segment, Kept]) -> None:
        """Add the last token of each generating row."""
        if not rows:
            return
        below: dict[Segment, list[int]] = {}
        for index, active in enumerate(rows):
            for segment in active.path.segments:
                below.setdefault(segment, []).append(index)
        self.decoding = Decoding(
            first=len(self.tokens),
            rows=self.tensor([a.slot for a in rows]),
            at=self.tensor([a.kept for a in rows]),
            keys=keys,
            extent=max(a.slot for a in rows) + 1,
            longest=max(a.kept for a in rows) + 1,
            shared=tuple(
                (Block(segments[s].keys, 0, s.start, len(s.tokens)), self.tensor(indices))
                for s, indices in below.items()
            ),
        )
        self.wanted += range(len(self.tokens), len(self.tokens) + len(rows))
        self.tokens += [a.row.tokens[-1] for a in rows]
        self.positions += [a.position for a in rows]
        self.owners += rows

    def step(self) -> Step:
        """The finished step."""
        pieces = [piece for _, piece in self.readings]
        return Step(self.tensor(self.positions), pieces, self.shared, self.decoding)

    def tensor(self, values: Sequence[int]) -> Tensor:
        """Whole numbers on the model's device."""
        return torch.tensor(values, dtype=torch.long, device=self.device)

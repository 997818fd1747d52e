"""Pack one step: pieces of prompts and the next token of each row, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from promptbench.model.local.attention import Block, Bunch, Decoding, Piece, Shared, Step
from promptbench.model.local.branch import ROOT, Choosing, Tree
from promptbench.model.local.cache import Keys
from promptbench.model.local.prefix import Path, Segment
from promptbench.model.local.row import Row

# Slots hold texts of different lengths: the fewer are read in one call, the less of it is padding.
BUNCH = 12
# Tokens of idle slots between two rows that cost as much as a call of their own.
IDLE = 512


@dataclass(slots=True, eq=False)
class Active:
    """A row that has a slot. `kept` counts the tokens that the slot holds."""

    row: Row | Choosing
    path: Path
    slot: int
    kept: int = 0

    @property
    def position(self) -> int:
        """The position of its next token."""
        return self.path.start + self.kept

    @property
    def held(self) -> tuple[int, ...]:
        """The tokens that the slot holds. The one that was written last is not among them."""
        written = self.row.tokens if isinstance(self.row, Row) else ()
        return (*self.path.own, *written)[: self.kept]


@dataclass(slots=True, eq=False)
class Kept:
    """A segment's keys and values. `seconds` is what reading it cost, for each of its `users`."""

    keys: Keys
    users: int
    seconds: float = 0.0


@dataclass(slots=True, eq=False)
class Reading:
    """Prompt tokens that are being read into `keys`: a row's own, or a segment's.

    `start` is the position of the first, `above` the segments before it, `done` how many are read.
    A `tree` of continuations is read after them.
    """

    prompt: tuple[int, ...]
    keys: Keys
    slot: int
    start: int
    above: tuple[Segment, ...]
    active: Active | None = None
    kept: Kept | None = None
    tree: Tree | None = None
    done: int = 0

    @property
    def tokens(self) -> Sequence[int]:
        """All that is to be read."""
        return (*self.prompt, *self.tree.tokens) if self.tree is not None else self.prompt

    @property
    def positions(self) -> Sequence[int]:
        """Where each of the tokens stands."""
        end = self.start + len(self.prompt)
        depths = self.tree.depths if self.tree is not None else ()
        return (*range(self.start, end), *(end + depth for depth in depths))

    @property
    def left(self) -> int:
        """How many tokens are not read yet."""
        whole = len(self.prompt) + (len(self.tree.tokens) if self.tree is not None else 0)
        return whole - self.done


@dataclass(slots=True)
class Work:
    """One step while it is gathered: tokens, positions, and what they attend to.

    `owners` hear what follows the tokens `wanted`, each with the places in its tree that they have.
    """

    device: torch.device
    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    readings: list[tuple[Reading, Piece]] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)
    latest: dict[Segment, int] = field(default_factory=dict)
    wanted: list[int] = field(default_factory=list)
    owners: list[tuple[Active, Sequence[int]]] = field(default_factory=list)
    decoding: Decoding | None = None

    @property
    def decoded(self) -> int:
        """How many rows get a token."""
        return 0 if self.decoding is None else len(self.decoding.slots)

    def room(self, chunk: int) -> int:
        """Prompt tokens that the step can still take, beside a token of each generating row."""
        return chunk + self.decoded - len(self.tokens)

    def read(self, reading: Reading, segments: Mapping[Segment, Kept], chunk: int) -> None:
        """Take a reading as a whole, or a chunk of it: cut in two, it would cost more calls."""
        count = reading.left if reading.left <= 2 * chunk else chunk
        first, end = len(self.tokens), reading.done + count
        self.tokens += reading.tokens[reading.done : end]
        self.positions += reading.positions[reading.done : end]
        block = Block(reading.keys, reading.slot, reading.start, end)
        plain = len(reading.prompt)
        branching = reading.tree if end > plain else None
        piece = Piece(first, count, block, reading.done, plain, branching)
        self.readings.append((reading, piece))
        for segment in reading.above:
            self.attend(segment, segments[segment], first, count)
        if reading.active is not None and end >= plain:
            heard = range(max(reading.done, plain - 1), end)
            self.wanted += [first + place - reading.done for place in heard]
            self.owners.append((reading.active, [place - plain for place in heard]))

    def attend(self, segment: Segment, kept: Kept, first: int, count: int) -> None:
        """Let tokens attend to a segment: neighbours below it share one call."""
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
        """Begin with the last token of each generating row, rows below a segment side by side."""
        if not rows:
            return
        rows = sorted(rows, key=lambda a: [s.order for s in a.path.segments])
        for index, active in enumerate(rows):
            for segment in active.path.segments:
                self.attend(segment, segments[segment], index, 1)
        self.decoding = Decoding(
            slots=self.tensor([a.slot for a in rows]),
            at=self.tensor([a.kept for a in rows]),
            keys=keys,
            bunches=tuple(self.bunches(rows)),
        )
        self.wanted += range(len(rows))
        self.tokens += [a.row.tokens[-1] for a in rows if isinstance(a.row, Row)]
        self.positions += [a.position for a in rows]
        self.owners += [(active, (ROOT,)) for active in rows]

    def bunches(self, rows: Sequence[Active]) -> Iterator[Bunch]:
        """Put neighbouring slots together, BUNCH at most: each reads only as far as it must."""
        for part in neighbours(rows):
            chosen = [rows[i] for i in part]
            low, high = chosen[0].slot, chosen[-1].slot + 1
            idle = high - low > len(chosen)
            yield Bunch(
                rows=self.tensor(part),
                low=low,
                high=high,
                at=self.tensor([a.kept for a in chosen]),
                longest=max(a.kept for a in chosen) + 1,
                slots=self.tensor([a.slot - low for a in chosen]) if idle else None,
            )

    def step(self) -> Step:
        """The finished step."""
        pieces = [piece for _, piece in self.readings]
        return Step(self.tensor(self.positions), pieces, self.shared, self.decoding)

    def tensor(self, values: Sequence[int]) -> Tensor:
        """Whole numbers on the model's device."""
        return torch.tensor(values, dtype=torch.long, device=self.device)


def neighbours(rows: Sequence[Active]) -> Iterator[list[int]]:
    """Cut rows, in the order of their slots, into parts of BUNCH at most, and at wide gaps."""
    part: list[int] = []
    for index in sorted(range(len(rows)), key=lambda i: rows[i].slot):
        if part:
            last = rows[part[-1]]
            idle = rows[index].slot - last.slot - 1
            if len(part) == BUNCH or idle * max(last.kept, rows[index].kept) > IDLE:
                yield part
                part = []
        part.append(index)
    if part:
        yield part

"""The parts of a plan: its candidates made ready, and its cells."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import overload

import numpy as np

from promptbench.dialogue.prompt import preview
from promptbench.model.protocol import Model
from promptbench.prompt.template import Template
from promptbench.record import Candidate, Case, Message
from promptbench.run.examples import Examples
from promptbench.store.cell import Cell
from promptbench.suite.chat import MemorySpec


@dataclass(frozen=True, slots=True)
class Slot:
    """One cell of a run: positions of candidate and case, repeat, and the request's fingerprint.

    `tokens` is the length of the prompt. Requests are rendered again when they are sent, so that
    a plan of a hundred thousand cells stays small.
    """

    candidate: int
    case: int
    repeat: int
    key: str
    tokens: int

    @property
    def cell(self) -> Cell:
        """Where it lies in its run."""
        return (self.candidate, self.case, self.repeat)


@dataclass(frozen=True)
class Slots(Sequence[Slot]):
    """Cells in order, in 80 bytes each where objects take 300. All their keys are equally long."""

    numbers: array[int] = field(default_factory=lambda: array("I"))
    keys: bytearray = field(default_factory=bytearray)

    @classmethod
    def of(cls, slots: Iterable[Slot]) -> Slots:
        """Take slots as they come."""
        made = cls()
        for slot in slots:
            made.numbers.extend((slot.candidate, slot.case, slot.repeat, slot.tokens))
            made.keys.extend(slot.key.encode("ascii"))
        return made

    def __len__(self) -> int:
        """How many there are."""
        return len(self.numbers) // 4

    @overload
    def __getitem__(self, place: int) -> Slot: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Slot]: ...
    def __getitem__(self, place: int | slice) -> Slot | Sequence[Slot]:
        """One of them, or some."""
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        place %= len(self)
        candidate, case, repeat, tokens = self.numbers[4 * place : 4 * place + 4]
        return Slot(candidate, case, repeat, self.key(place).decode("ascii"), tokens)

    def key(self, place: int) -> bytes:
        """The key of one of them."""
        return bytes(self.keys[self.width * place : self.width * (place + 1)])

    @cached_property
    def width(self) -> int:
        """How long a key is."""
        return len(self.keys) // len(self) if len(self) else 0

    def cells(self) -> Iterator[Cell]:
        """Where each lies in its run."""
        return zip(self.numbers[0::4], self.numbers[1::4], self.numbers[2::4], strict=True)

    def longest(self) -> dict[int, int]:
        """The longest prompt of each candidate, in tokens."""
        found: dict[int, int] = {}
        for candidate, tokens in zip(self.numbers[0::4], self.numbers[3::4], strict=True):
            if tokens > found.get(candidate, -1):
                found[candidate] = tokens
        return found

    def names(self) -> Iterator[str]:
        """Every key, in order."""
        whole, width = self.keys.decode("ascii"), self.width
        return (whole[width * place : width * (place + 1)] for place in range(len(self)))

    def at(self, places: Sequence[int]) -> Slots:
        """Those at some places."""
        if not len(places):
            return Slots()
        numbers = np.frombuffer(self.numbers, np.uintc).reshape(-1, 4)[places]
        keys = np.frombuffer(self.keys, np.uint8).reshape(-1, self.width)[places]
        return Slots(array("I", numbers.tobytes()), bytearray(keys.tobytes()))

    def first_of_each(self) -> Slots:
        """The first slot of each key: equal requests are generated once."""
        first: dict[str, int] = {}
        for place, name in enumerate(self.names()):
            first.setdefault(name, place)
        return self.at(list(first.values()))


class Cells(Mapping[str, Sequence[Cell]]):
    """Which cells a key's completion fills."""

    def __init__(self, slots: Slots) -> None:
        """Sort them by key."""
        self.slots = slots
        self.order = array("I", sorted(range(len(slots)), key=slots.key))

    def __getitem__(self, key: str) -> list[Cell]:
        """The cells of one key, in order."""
        wanted = key.encode("ascii")
        at = bisect_left(self.order, wanted, key=self.slots.key)
        found: list[Cell] = []
        while at < len(self.order) and self.slots.key(place := self.order[at]) == wanted:
            found.append(self.slots[place].cell)
            at += 1
        if not found:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        """Every key once."""
        return iter(slot.key for slot in self.slots.first_of_each())

    def __len__(self) -> int:
        """How many keys there are."""
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class Ready:
    """A candidate with what it needs to render and run; `memory` where it talks."""

    candidate: Candidate
    template: Template
    examples: Examples | None
    model: Model
    memory: MemorySpec | None = None

    def messages(self, case: Case) -> tuple[Message, ...]:
        """A case's prompt; of a turn, whose past is not known yet, as far as it can be told.

        Raises PromptError as rendering does.
        """
        if self.memory is None:
            return self.template.render(case, self.examples)
        return preview(self.template, case, self.memory, self.examples)

"""Keep what occurs again and again once, in blocks that come one after the other."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Hashable, Sized
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Kept(Hashable, Sized, Protocol):
    """What can be kept: it can be looked up, and tells how large it is."""


Some = TypeVar("Some", bound=Kept)


@dataclass(slots=True)
class Once(Generic[Some]):
    """Everything once, under the place at which it was first put down.

    `starts` has each block's first place; `fresh` is what the last block holds, of `size` together;
    `older` are the earlier blocks that were met since it was last emptied.
    """

    places: dict[Hashable, int] = field(default_factory=dict)
    starts: list[int] = field(default_factory=lambda: [0])
    fresh: list[Some] = field(default_factory=list)
    size: int = 0
    older: set[int] = field(default_factory=set)

    def put(self, one: Some) -> int:
        """Its place."""
        place = self.places.setdefault(key_of(one), len(self.places))
        if place == self.starts[-1] + len(self.fresh):
            self.fresh.append(one)
            self.size += len(one)
        elif place < self.starts[-1]:
            self.older.add(bisect_right(self.starts, place) - 1)
        return place

    def cut(self) -> list[Some]:
        """End the block: what it holds. What is put down next begins another."""
        done = self.fresh
        self.fresh, self.size = [], 0
        self.starts.append(len(self.places))
        return done


def key_of(one: Kept) -> Hashable:
    """What something is known by: a text is held anyway, of anything else a digest is shorter."""
    if isinstance(one, str):
        return one
    return hashlib.blake2b(repr(one).encode(), digest_size=16).digest()

"""Find texts that are nearly equal among many: MinHash proposes pairs, the exact index decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from promptbench.suite.content import RUN, framed, similarity

if TYPE_CHECKING:
    from datasketch import MinHash

Minima = npt.NDArray[np.uint32]
Numbers = npt.NDArray[np.uint64]

# 25 bands of 5: of pairs with a Jaccard index of 0.85 one in two million is not proposed.
BANDS, ROWS = 25, 5
# The share of equal minima estimates the index, with a standard deviation of 0.03 at 0.85: a pair
# so far below that is not worth the exact figure.
WORTH = 0.7
# Shingles whose minima are taken at once: bounds the memory that a very long text takes.
AT_ONCE = 4096
# Of the texts that share a band so many are looked at before the next: the first often decides.
BLOCK = 64
FACTOR = 0x9E3779B97F4A7C15


class Index:
    """Texts to look up near ones in.

    It takes 800 bytes a text: the keys of all bands are one sorted array. datasketch's own tables
    of sets take several thousand, too much for a split of a hundred thousand cases.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        """Take plain texts (see suite.content); an empty one is near nothing."""
        self.texts = texts
        self.minima: Minima = np.zeros((len(texts), BANDS * ROWS), dtype=np.uint32)
        for place, text in enumerate(texts):
            if text:
                self.minima[place] = sketch(text).hashvalues
        keys = band_keys(self.minima).ravel()
        order = np.argsort(keys, kind="stable")  # so that places of a key stand in order
        order = order[[bool(texts[at // BANDS]) for at in order.tolist()]]
        self.keys: Numbers = keys[order]
        self.places = (order // BANDS).astype(np.uint32)
        self.has_earlier = np.zeros(len(texts), dtype=bool)
        self.has_earlier[self.places[1:][self.keys[1:] == self.keys[:-1]]] = True

    def near(self, text: str, threshold: float) -> Iterator[tuple[int, float]]:
        """Places of texts at least so similar, in order, each with its exact similarity."""
        if text:
            minima = sketch(text).hashvalues.astype(np.uint32)
            yield from sorted(self._confirmed(text, minima, threshold, len(self.texts)))

    def earlier(self, place: int, threshold: float) -> Iterator[tuple[int, float]]:
        """The texts before one that are at least so similar to it, each with its similarity."""
        if self.has_earlier[place]:
            yield from self._confirmed(self.texts[place], self.minima[place], threshold, place)

    def _confirmed(
        self, text: str, minima: Minima, threshold: float, before: int
    ) -> Iterator[tuple[int, float]]:
        for proposed in self._proposed(minima, before):
            alike = (self.minima[proposed] == minima).mean(axis=1)
            for place in proposed[alike >= WORTH].tolist():
                found = similarity(text, self.texts[place])
                if found >= threshold:
                    yield place, found

    def _proposed(self, minima: Minima, before: int) -> Iterator[npt.NDArray[np.uint32]]:
        """The places of texts that share a band, a block of each band at a time, each once."""
        keys = band_keys(minima[None])[0]
        first, last = (np.searchsorted(self.keys, keys, side) for side in ("left", "right"))
        seen: set[int] = set()
        for start in range(0, int((last - first).max(initial=0)), BLOCK):
            found: set[int] = set()
            for here, end in zip((first + start).tolist(), last.tolist(), strict=True):
                found.update(self.places[here : min(here + BLOCK, end)].tolist())
            fresh = sorted(place for place in found - seen if place < before)
            seen |= found
            yield np.array(fresh, dtype=np.uint32)


def band_keys(minima: Minima) -> Numbers:
    """A number for each band of texts: minima (texts, bands * rows), keys (texts, bands)."""
    parts = minima.reshape(len(minima), BANDS, ROWS)
    keys = np.broadcast_to(np.arange(BANDS, dtype=np.uint64), parts.shape[:2]).copy()
    for row in range(ROWS):
        keys = (keys ^ parts[:, :, row]) * np.uint64(FACTOR)  # wraps around, as it should
        keys ^= keys >> np.uint64(29)
    return keys


def sketch(text: str) -> MinHash:
    """The minima of a text's runs of characters under 125 random orders, the same everywhere."""
    made = empty().copy()
    found = run_hashes(text)
    for start in range(0, len(found), AT_ONCE):
        made.update_batch(found[start : start + AT_ONCE].tolist())
    return made


@cache
def empty() -> MinHash:
    """The sketch of no text; to draw its random orders anew costs more than most texts do."""
    from datasketch import MinHash

    return MinHash(num_perm=BANDS * ROWS, seed=1, hashfunc=int)


def run_hashes(text: str) -> Numbers:
    """A number of 32 bits for each run of characters of a text."""
    points = np.frombuffer(framed(text).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    found = np.zeros(len(points) - RUN + 1, dtype=np.uint64)
    for start in range(RUN):
        part = points[start : start + len(found)].astype(np.uint64)
        found = (found ^ part) * np.uint64(FACTOR)  # wraps around, as it should
        found ^= found >> np.uint64(29)
    return found >> np.uint64(32)

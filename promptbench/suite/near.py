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

Signatures = npt.NDArray[np.uint64]

# 25 bands of 5: of pairs with a Jaccard index of 0.85 one in two million is not proposed.
BANDS, ROWS = 25, 5
# The share of equal minima estimates the index, with a standard deviation of 0.03 at 0.85: a pair
# so far below that is not worth the exact figure.
WORTH = 0.7
# Shingles whose minima are taken at once: bounds the memory that a very long text takes.
AT_ONCE = 4096
FACTOR = 0x9E3779B97F4A7C15


class Index:
    """Texts to look up near ones in."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Take plain texts (see suite.content); an empty one is near nothing."""
        from datasketch import MinHashLSH  # which loads scipy: `run --help` must not wait for it

        self.texts = texts
        self.hashes = [sketch(text) for text in texts]
        self.signatures: Signatures = np.array(
            [one.hashvalues for one in self.hashes], dtype=np.uint64
        ).reshape(len(texts), BANDS * ROWS)
        self.bands = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
        for place, text in enumerate(texts):
            if text:
                self.bands.insert(place, self.hashes[place])

    def near(self, text: str, threshold: float) -> Iterator[tuple[int, float]]:
        """Places of texts at least so similar, in order, each with its exact similarity."""
        return self._confirmed(text, sketch(text), threshold)

    def pairs(self, threshold: float) -> Iterator[tuple[int, int, float]]:
        """Pairs of the texts themselves that are at least so similar, the earlier place first."""
        for place, text in enumerate(self.texts):
            for other, found in self._confirmed(text, self.hashes[place], threshold):
                if place < other:
                    yield place, other, found

    def _confirmed(self, text: str, own: MinHash, threshold: float) -> Iterator[tuple[int, float]]:
        proposed = np.array(sorted(self.bands.query(own)) if text else [], dtype=np.intp)
        alike = (self.signatures[proposed] == own.hashvalues).mean(axis=1)
        for place in proposed[alike >= WORTH].tolist():
            found = similarity(text, self.texts[place])
            if found >= threshold:
                yield place, found


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


def run_hashes(text: str) -> npt.NDArray[np.uint64]:
    """A number of 32 bits for each run of characters of a text."""
    points = np.frombuffer(framed(text).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    found = np.zeros(len(points) - RUN + 1, dtype=np.uint64)
    for start in range(RUN):
        part = points[start : start + len(found)].astype(np.uint64)
        found = (found ^ part) * np.uint64(FACTOR)  # wraps around, as it should
        found ^= found >> np.uint64(29)
    return found >> np.uint64(32)

"""How near a text is to the nearest of many: texts and targets in, similarity and place out.

Not a metric that ranks: it tells whether a model has learned to write like its training targets or
writes them down.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import regex

WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]+|[^\s\p{P}]")
Pairs = frozenset[tuple[str, str]]

# From here on a text counts as a copy: four of five of its neighbouring words stand in the target.
COPIED = 0.8


def word_pairs(text: str) -> Pairs:
    """Each two neighbouring words, in lower case; its beginning and its end count as words."""
    found = regex.findall(WORD, text.casefold())
    return frozenset(pairwise(["", *found, ""])) if found else frozenset()


class Targets:
    """Training targets to look up the nearest of.

    Similarity is the F1 of the word pairs that two texts share, from 0 to 1: twice the shared
    pairs over the pairs of both, each counted once. That is ROUGE-2 (Lin 2004) over distinct pairs
    in which the beginning and the end count, so that an answer of one word has pairs too.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        """Index the targets by their word pairs."""
        self.texts = texts
        found = [word_pairs(text) for text in texts]
        self.sizes = np.array([len(one) for one in found], dtype=np.int64)
        places: dict[tuple[str, str], list[int]] = {}
        for place, pairs in enumerate(found):
            for pair in pairs:
                places.setdefault(pair, []).append(place)
        self.places = {pair: np.array(held) for pair, held in places.items()}

    def nearest(self, text: str) -> tuple[float, int] | None:
        """The similarity of the nearest target and its place, the first of those equally near.

        None where there is no target, or no word in the text.
        """
        pairs = word_pairs(text)
        if not pairs or not len(self.sizes):
            return None
        shared = np.zeros(len(self.sizes), dtype=np.int64)
        for pair in pairs:
            if pair in self.places:
                shared[self.places[pair]] += 1
        found = 2 * shared / (len(pairs) + self.sizes)
        place = int(found.argmax())
        return float(found[place]), place

"""Cut documents into what a model reads at once: token ids in, blocks of one length out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from promptbench.pretrain.vocabulary import encode

Ids = NDArray[np.int64]


def joined(texts: Iterable[str], tokenizer: Any, boundary: int) -> Ids:
    """All documents as one row of token ids, the token `boundary` before each and at the end."""
    found = [boundary]
    for text in texts:
        found += encode(tokenizer, text)
        found.append(boundary)
    return np.asarray(found, dtype=np.int64)


def overlapping(ids: Ids, length: int) -> list[Ids]:
    """Blocks of at most `length` tokens, each beginning with the last token of the one before.

    So every token but the first is predicted in exactly one block. The last may be shorter.
    """
    starts = range(0, max(1, len(ids) - 1), length - 1)
    return [ids[start : start + length] for start in starts]


def whole(ids: Ids, length: int) -> list[Ids]:
    """Blocks of exactly `length` tokens for training; the last one reaches back to be whole."""
    if len(ids) < length:
        return []
    found = [ids[start : start + length] for start in range(0, len(ids) - length + 1, length)]
    if len(ids) % length:
        found.append(ids[len(ids) - length :])
    return found


def order(blocks: int, examples: int, seed: int) -> Ids:
    """Which block is read as which example: every block once, then all again in another order."""
    rounds = -(-examples // blocks)
    drawn: Sequence[Ids] = [
        np.random.default_rng((seed, turn)).permutation(blocks) for turn in range(rounds)
    ]
    return np.concatenate(drawn)[:examples].astype(np.int64)

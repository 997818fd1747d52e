"""Make a text's gaps to be filled in: token ids in, T5's spans or BERT's masks out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from promptbench.pretrain.block import Ids

IGNORED = -100
# Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
# Transformer", sections 3.1.4 and 3.3: 15% of the tokens, in spans of three on average.
NOISE, SPAN = 0.15, 3.0
# Devlin et al. 2019, "BERT", section 3.1: of the tokens that are drawn 80% become the mask, 10%
# another token, and 10% stay as they are.
MASKED, REPLACED = 0.8, 0.1


@dataclass(frozen=True, slots=True)
class Example:
    """What a model reads, and what it is asked for (IGNORED: not asked)."""

    inputs: Ids
    labels: Ids


def spans(ids: Ids, sentinels: Ids, end: int, draw: Generator) -> Example:
    """T5's task: each span is replaced by a sentinel; asked for are the sentinels with their spans.

    One further sentinel and `end` close the labels, `end` the inputs. At least one token is left
    between two spans, and before the first. Raises ValueError for fewer than four tokens.
    """
    noise, number = amount(len(ids))
    number = min(number, len(sentinels) - 1)
    hidden = pieces(noise, number, draw)
    kept = pieces(len(ids) - noise, number, draw)
    inputs, labels, at = [], [], 0
    for sentinel, stay, gone in zip(sentinels, kept, hidden, strict=False):
        mark = np.asarray([sentinel])
        inputs += [ids[at : at + stay], mark]
        labels += [mark, ids[at + stay : at + stay + gone]]
        at += stay + gone
    labels.append(np.asarray([sentinels[number], end]))
    inputs.append(np.asarray([end]))
    return Example(np.concatenate(inputs), np.concatenate(labels))


def pieces(total: int, number: int, draw: Generator) -> list[int]:
    """`total` parted into `number` whole numbers above 0, every way as likely as another."""
    if total < number:
        raise ValueError(f"{total} tokens cannot be parted into {number} spans")
    cuts = np.sort(draw.choice(total - 1, number - 1, replace=False)) + 1
    edges = [0, *(int(cut) for cut in cuts), total]
    return [after - before for before, after in pairwise(edges)]


def longest(context: int) -> int:
    """Tokens of a text whose corrupted form still fits: a sentinel takes a span's place."""
    length = context - 1
    while corrupted(length + 1) <= context:
        length += 1
    return length


def corrupted(length: int) -> int:
    """Tokens that are left of a text as the input, its end token included."""
    noise, number = amount(length)
    return length - noise + number + 1


def amount(length: int) -> tuple[int, int]:
    """How many tokens of a text are hidden, and in how many spans."""
    noise = max(1, round(length * NOISE))
    return noise, max(1, round(noise / SPAN))


def masks(ids: Ids, mask: int, words: tuple[int, int], draw: Generator) -> Example:
    """BERT's task: some tokens are hidden, and asked for; `words` is the range of usual ids.

    Exactly 15% are drawn, at least one, of the tokens that are no special ones.
    """
    usual = np.flatnonzero((ids >= words[0]) & (ids < words[1]))
    drawn = draw.choice(usual, max(1, round(len(usual) * NOISE)), replace=False)
    labels = np.full_like(ids, IGNORED)
    labels[drawn] = ids[drawn]
    fate = draw.random(len(drawn))
    inputs = ids.copy()
    inputs[drawn[fate < MASKED]] = mask
    other = drawn[(fate >= MASKED) & (fate < MASKED + REPLACED)]
    inputs[other] = draw.integers(words[0], words[1], len(other))
    return Example(inputs, labels)

"""Which examples go into which step, and how a step is cut so that it fits the memory."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from promptbench.tune.example import Example

# So many steps' examples are sorted by length together: steps of like lengths waste no time, and
# the order stays nearly as random as without.
BUCKET = 8


def plan_steps(lengths: Sequence[int], batch: int, epochs: int, seed: int) -> list[list[int]]:
    """All steps of a training, each a list of example numbers.

    In every epoch each example occurs once. Equal arguments give equal steps. The last step of an
    epoch may be smaller, but never below half of `batch` unless it is the only one: what is left
    over joins another.
    """
    steps: list[list[int]] = []
    for epoch in range(epochs):
        chance = random.Random(f"{seed} {epoch}")
        order = list(range(len(lengths)))
        chance.shuffle(order)
        found: list[list[int]] = []
        for part in cut(order, batch * BUCKET):
            found += cut(sorted(part, key=lambda i: lengths[i]), batch)
        chance.shuffle(found)
        steps += found
    return steps


def cut(order: Sequence[int], batch: int) -> list[list[int]]:
    """Neighbours in pieces of `batch` and a remainder, which joins its neighbour if it is small."""
    pieces = [list(order[i : i + batch]) for i in range(0, len(order), batch)]
    if len(pieces) > 1 and len(pieces[-1]) * 2 < batch:
        last = pieces.pop()
        pieces[-1] += last
    return pieces


def steps_an_epoch(examples: int, batch: int) -> int:
    """How many steps an epoch has."""
    return len(plan_steps([0] * examples, batch, 1, 0))


def pieces(rows: Sequence[Example], most: int) -> Iterator[list[Example]]:
    """Parts of a step of at most `most` tokens each (a longer example comes alone)."""
    part: list[Example] = []
    held = 0
    for row in sorted(rows, key=lambda one: one.tokens):
        if part and held + row.tokens > most:
            yield part
            part, held = [], 0
        part.append(row)
        held += row.tokens
    if part:
        yield part

"""The longest common subsequence of two lists of words, many cells of its table at a time.

A row of the table is one integer: bit j says that the length grows from column j to j + 1 (Hyyrö
2004, Bit-parallel LCS-length Computation Revisited).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Words = Sequence[str]


def length(first: Words, second: Words) -> int:
    """How many words the longest common subsequence has."""
    row = 0
    for row in _rows(first, second):  # noqa: B007
        pass
    return row.bit_count()


def places(first: Words, second: Words) -> set[int]:
    """The places in `first` of one longest common subsequence, the one that rouge-score takes.

    From the end of both: where the words differ it goes back in `second` only if that is longer.
    """
    table = [0, *_rows(first, second)]
    i, j = len(first), len(second)
    found: set[int] = set()
    while i and j:
        if first[i - 1] == second[j - 1]:
            found.add(i - 1)
            i, j = i - 1, j - 1
        elif _cell(table[i], j - 1) > _cell(table[i - 1], j):
            j -= 1
        else:
            i -= 1
    return found


def _rows(first: Words, second: Words) -> Iterator[int]:
    """A row for each word of `first`, over the columns of `second`."""
    where: dict[str, int] = {}
    for column, word in enumerate(second):
        where[word] = where.get(word, 0) | 1 << column
    every = (1 << len(second)) - 1
    flat = every
    for word in first:
        match = flat & where.get(word, 0)
        flat = (flat + match | flat - match) & every
        yield flat ^ every


def _cell(row: int, column: int) -> int:
    """The length in a row, up to a column."""
    return (row & (1 << column) - 1).bit_count()

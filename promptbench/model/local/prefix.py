"""Find what prompts have in common: token ids in, a forest of shared segments out.

Every prompt becomes a path: the segments that it shares, outermost first, and a rest of its own of
at least one token. Segments nest, so that a beginning shared by all prompts and a longer one
shared by some are each computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

# A segment costs attention calls of its own in every layer; a shorter one would not pay.
SHORTEST = 24


@dataclass(slots=True, eq=False)
class Segment:
    """Tokens that several prompts have at the same place, after the same beginning.

    `start` is the position of its first token; `users` counts the prompts that go through it.
    """

    tokens: tuple[int, ...]
    start: int
    parent: Segment | None
    users: int


@dataclass(frozen=True, slots=True)
class Path:
    """A prompt as shared segments and its own rest. `prompt` is its index among those given."""

    prompt: int
    segments: tuple[Segment, ...]
    own: tuple[int, ...] = field(repr=False)

    @property
    def start(self) -> int:
        """The position of the first own token."""
        return self.segments[-1].start + len(self.segments[-1].tokens) if self.segments else 0


def find_paths(prompts: Sequence[tuple[int, ...]], shortest: int = SHORTEST) -> list[Path]:
    """The path of every prompt, so that prompts under a segment stand together.

    Sorting brings prompts with a common beginning side by side; the common length of neighbours
    then shows where segments begin and end, in O(n log n) comparisons.
    """
    order = sorted(range(len(prompts)), key=lambda i: prompts[i])
    common = [0, *(common_length(prompts[a], prompts[b]) for a, b in pairwise(order))]
    found: list[Path] = []
    waiting: list[tuple[int, int, tuple[Segment, ...]]] = [(0, len(order), ())]
    while waiting:
        low, high, above = waiting.pop()
        depth = end_of(above)
        for first, last in runs(common, low, high, depth + shortest):
            if last - first == 1:
                prompt = order[first]
                found.append(Path(prompt, above, prompts[prompt][depth:]))
                continue
            end = min(common[first + 1 : last])
            tokens = prompts[order[first]][depth:end]
            segment = Segment(tokens, depth, above[-1] if above else None, last - first)
            waiting.append((first, last, (*above, segment)))
    return found


def end_of(segments: Sequence[Segment]) -> int:
    """The position after the last segment."""
    return segments[-1].start + len(segments[-1].tokens) if segments else 0


def runs(common: Sequence[int], low: int, high: int, least: int) -> Iterator[tuple[int, int]]:
    """Maximal ranges of neighbours that have at least `least` tokens in common."""
    first = low
    for i in range(low + 1, high):
        if common[i] < least:
            yield first, i
            first = i
    if first < high:
        yield first, high


def common_length(first: tuple[int, ...], second: tuple[int, ...]) -> int:
    """How many tokens two prompts begin with alike, leaving each at least one of its own."""
    limit = min(len(first), len(second)) - 1
    if first[:limit] == second[:limit]:
        return limit
    low, high = 0, limit  # first[:low] is equal, first[:high] is not
    while high - low > 1:
        middle = (low + high) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle
    return low

"""Find what prompts have in common: token ids in, a forest of shared segments out.

Every prompt becomes a path: the segments that it shares, outermost first, and a rest of its own of
at least one token. Segments nest, so that a beginning shared by all prompts and a longer one
shared by some are each computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

# A segment must save so many tokens' reading: it costs attention calls of its own in every layer.
LEAST = 24


@dataclass(slots=True, eq=False)
class Segment:
    """Tokens that several prompts have at the same place, after the same beginning.

    `start` is the position of its first token; `users` counts the prompts that go through it;
    segments are numbered in the `order` in which they were found, parents first.
    """

    tokens: tuple[int, ...]
    start: int
    parent: Segment | None
    users: int
    order: int = 0


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


@dataclass(slots=True, eq=False)
class Node:
    """Prompts that are equal up to token `end`; those below stand as nodes or prompt numbers."""

    end: int
    below: list[Node | int] = field(default_factory=list)


def find_paths(prompts: Sequence[tuple[int, ...]], least: int = LEAST) -> list[Path]:
    """The path of every prompt, so that prompts under a segment stand together.

    Sorting brings prompts with a common beginning side by side, and the common lengths of
    neighbours tell where they branch: O(n log n) comparisons. Where a branching saves fewer than
    `least` tokens, its prompts read that part each for itself.
    """
    order = sorted(range(len(prompts)), key=lambda i: prompts[i])
    common = [common_length(prompts[a], prompts[b]) for a, b in pairwise(order)]
    found: list[Path] = []
    number = 0
    waiting: list[tuple[Node | int, tuple[Segment, ...]]] = [(branch(order, common, least), ())]
    while waiting:
        node, above = waiting.pop()
        depth = end_of(above)
        if isinstance(node, int):
            found.append(Path(node, above, prompts[node][depth:]))
            continue
        if node.end > depth:
            tokens = prompts[next(leaves(node))][depth : node.end]
            users = sum(1 for _ in leaves(node))
            parent = above[-1] if above else None
            above = (*above, Segment(tokens, depth, parent, users, number))
            number += 1
        waiting += [(child, above) for child in reversed(node.below)]
    return found


def branch(order: Sequence[int], common: Sequence[int], least: int) -> Node:
    """The tree of where sorted prompts branch, from the common length of each with the next."""
    open_nodes = [Node(0)]
    for prompt, after in zip(order, [*common, 0], strict=False):
        if after > open_nodes[-1].end:
            open_nodes.append(Node(after))
        open_nodes[-1].below.append(prompt)
        while open_nodes[-1].end > after:
            done = open_nodes.pop()
            if open_nodes[-1].end < after:
                open_nodes.append(Node(after))
            saved = (done.end - open_nodes[-1].end) * (len(done.below) - 1)
            open_nodes[-1].below += [done] if saved >= least else done.below
    return open_nodes[0]


def leaves(node: Node) -> Iterator[int]:
    """The prompts below a node, in order."""
    waiting: list[Node | int] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, int):
            yield one
        else:
            waiting += reversed(one.below)


def end_of(segments: Sequence[Segment]) -> int:
    """The position after the last segment."""
    return segments[-1].start + len(segments[-1].tokens) if segments else 0


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

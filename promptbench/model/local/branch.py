"""Continuations of one prompt as a tree: each common beginning is read once, after the prompt.

A token is read if another one follows it, for what is wanted of a token is its probability, which
the tokens before it tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor

from promptbench.model.local.chosen import Chosen, Heard, decide
from promptbench.record import FinishReason, Request

ROOT = -1  # the prompt's end


@dataclass(slots=True, eq=False)
class Tree:
    """Tokens to read after a prompt, each after the one that it follows.

    `depths[i]` is token i's distance from the prompt's end, 0 for the first. `below` leads from a
    token, or ROOT, and the token after it to that token's place; `following` has all tokens that
    may follow, read or not. `ancestors` says whether a token [row] follows another [column], or
    is it.
    """

    tokens: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    below: dict[tuple[int, int], int] = field(default_factory=dict)
    following: dict[int, dict[int, None]] = field(default_factory=dict)
    ancestors: Tensor = field(default_factory=lambda: torch.zeros(0, 0, dtype=torch.bool))


@lru_cache(maxsize=64)
def tree_of(continuations: tuple[tuple[int, ...], ...]) -> Tree:
    """The tree of some continuations, each of at least one token."""
    tree = Tree()
    parents: list[int] = []
    for continuation in continuations:
        node = ROOT
        for depth, token in enumerate(continuation):
            tree.following.setdefault(node, {})[token] = None
            if depth == len(continuation) - 1:
                break
            if (node, token) not in tree.below:
                tree.below[node, token] = len(tree.tokens)
                tree.tokens.append(token)
                tree.depths.append(depth)
                parents.append(node)
            node = tree.below[node, token]
    tree.ancestors = torch.eye(len(parents), dtype=torch.bool)
    for index, parent in enumerate(parents):
        if parent != ROOT:
            tree.ancestors[index] |= tree.ancestors[parent]
    return tree


@dataclass(slots=True)
class Choosing:
    """A request to choose, under way: `heard` has the log-probabilities found so far.

    They are by the place in the tree and the token that follows there.
    """

    request: Request
    continuations: tuple[tuple[int, ...], ...]
    tree: Tree
    heard: dict[tuple[int, int], float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def room(self) -> int:
        """Tokens that are read after the prompt."""
        return len(self.tree.tokens)

    @property
    def finish(self) -> FinishReason:
        """Whether all has been heard."""
        return "choice" if len(self.heard) == sum(map(len, self.tree.following.values())) else ""

    def hear(self, nodes: Sequence[int], logits: Tensor) -> None:
        """Take what follows some tokens of the tree, from logits [nodes, vocabulary]."""
        normaliser = torch.logsumexp(logits, dim=-1)
        for node, scores, whole in zip(nodes, logits, normaliser, strict=True):
            tokens = list(self.tree.following[node])
            found = (scores[torch.tensor(tokens)] - whole).tolist()
            self.heard |= {(node, t): v for t, v in zip(tokens, found, strict=True)}

    def done(self) -> Chosen:
        """The decision."""
        return decide(self.request, [self.along(c) for c in self.continuations], self.seconds)

    def along(self, continuation: Sequence[int]) -> Heard:
        """The log-likelihood of one continuation."""
        node, total = ROOT, 0.0
        for token in continuation:
            total += self.heard[node, token]
            node = self.tree.below.get((node, token), ROOT)
        return Heard(total, len(continuation))


def begin_choosing(request: Request, continuations: Sequence[tuple[int, ...]]) -> Choosing:
    """A request before anything is heard; the continuations are in the order of its words."""
    every = tuple(continuations)
    return Choosing(request, every, tree_of(every))

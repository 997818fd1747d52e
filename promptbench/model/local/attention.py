"""Attention for packed steps: transformers calls it in every layer in place of its own.

A step packs the tokens of many prompts into one row of [1, tokens]. A token attends to the
segments on its prompt's path and to what its own row holds; each part is computed apart, and the
parts are then weighed together (see partial.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from promptbench.model.local.cache import Keys, LayerShape
from promptbench.model.local.partial import How, Mask, attend, merge

NAME = "promptbench"


@dataclass(frozen=True, slots=True)
class Block:
    """Keys that a query may see: `count` tokens of a row, the first at position `start`."""

    keys: Keys
    row: int
    start: int
    count: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring new tokens of one prompt, or of one segment, within a step.

    They are tokens `first` to `first + count` of the step, and go to `own` at `at`.
    """

    first: int
    count: int
    own: Block
    at: int


@dataclass(frozen=True, slots=True)
class Shared:
    """A segment, and the tokens of the step from `first` that attend to all of it."""

    first: int
    count: int
    block: Block


@dataclass(frozen=True, slots=True)
class Decoding:
    """One new token for each of several rows: tokens `first` to the step's end.

    `rows` are their slots, of which the highest lies below `extent`; `at` counts the tokens that
    each slot holds already, `longest` is the most after this one; `shared` has each segment with
    the indices of the rows below it.
    """

    first: int
    rows: Tensor
    at: Tensor
    keys: Keys
    extent: int
    longest: int
    shared: tuple[tuple[Block, Tensor], ...]


@dataclass(slots=True)
class Step:
    """What one forward pass does. `positions` are those of its tokens.

    `masks` keeps what every layer needs anew. With `probing`, each layer only notes in `shapes`
    what it would keep for a token.
    """

    positions: Tensor
    pieces: Sequence[Piece] = ()
    shared: Sequence[Shared] = ()
    decoding: Decoding | None = None
    masks: dict[Any, Mask] = field(default_factory=dict)
    shapes: dict[int, LayerShape] = field(default_factory=dict)
    probing: bool = False

    def mask(self, key: Any, make: Callable[[], Tensor]) -> Mask:
        """The mask of that key, made from the tensor of what may be seen on first use."""
        if key not in self.masks:
            seen = make()
            added = torch.zeros(seen.shape, dtype=torch.float32, device=seen.device)
            added = added.masked_fill_(~seen, float("-inf"))
            blind = None if bool(seen.any(-1).all()) else ~seen.any(-1)
            self.masks[key] = Mask(added, blind)
        return self.masks[key]


def packed_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    promptbench_step: Step | None = None,
    **rest: Any,
) -> tuple[Tensor, None]:
    """Follow transformers' attention interface: [1, heads, tokens, width] in, heads third out.

    Keys may have fewer heads than queries; each is then shared by a group of query heads.
    """
    step = promptbench_step
    if step is None:
        raise NotImplementedError("layers that do not pass their arguments on")
    if rest.get("s_aux") is not None:
        raise NotImplementedError("attention sinks")
    layer = module.layer_idx
    if step.probing:
        step.shapes[layer] = LayerShape(key.shape[1], key.shape[3], value.shape[3])
        return query.new_zeros(1, query.shape[2], query.shape[1], value.shape[3]), None
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    how = How(scale, sliding_window, softcap)
    output = Attention(step, layer, how).run(query[0], key[0], value[0])
    return output.unsqueeze(0), None


class Attention:
    """One layer's attention in one step."""

    def __init__(self, step: Step, layer: int, how: How) -> None:
        """Prepare; `run` computes."""
        self.step = step
        self.layer = layer
        self.how = how

    def run(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """[heads, tokens, width] in, [tokens, heads, width] out."""
        heads, tokens, _ = query.shape
        groups = heads // key.shape[0]
        grouped = query.unflatten(0, (key.shape[0], groups))  # type: ignore[no-untyped-call]
        output = query.new_empty(key.shape[0], groups, tokens, value.shape[2])
        weight = query.new_empty(key.shape[0], groups, tokens)
        for piece in self.step.pieces:
            piece.own.keys.write(
                self.layer,
                piece.own.row,
                piece.at,
                key[:, piece.first : piece.first + piece.count],
                value[:, piece.first : piece.first + piece.count],
            )
        for number, piece in enumerate(self.step.pieces):
            self.own(number, piece, grouped, output, weight)
        for number, shared in enumerate(self.step.shared):
            self.share(number, shared, grouped, output, weight)
        if self.step.decoding is not None:
            self.decode(self.step.decoding, grouped, key, value, output)
        return output.flatten(0, 1).transpose(0, 1)

    def own(self, number: int, piece: Piece, query: Tensor, output: Tensor, weight: Tensor) -> None:
        """New tokens against what their row holds, each up to itself."""
        part = slice(piece.first, piece.first + piece.count)
        keys, values = self.kept(piece.own)
        mask = None
        if piece.at or self.how.window is not None:
            queries = self.step.positions[part]
            mask = self.step.mask(
                ("own", number, self.how.window),
                lambda: self.visible(queries, piece.own, causal=True)[None, None],
            )
        groups = query.shape[1]
        output[:, :, part], weight[:, :, part] = attend(
            query[:, :, part],
            keys.unsqueeze(1).expand(-1, groups, -1, -1),
            values.unsqueeze(1).expand(-1, groups, -1, -1),
            self.how,
            mask,
            causal=mask is None,
        )

    def share(
        self, number: int, shared: Shared, query: Tensor, output: Tensor, weight: Tensor
    ) -> None:
        """New tokens against a segment; their groups of heads become more queries of one head."""
        part = slice(shared.first, shared.first + shared.count)
        heads, groups = query.shape[:2]
        keys, values = self.kept(shared.block)
        mask = None
        if self.how.window is not None:
            queries = self.step.positions[part].repeat(groups)
            mask = self.step.mask(
                ("shared", number, self.how.window),
                lambda: self.visible(queries, shared.block, causal=False)[None, None],
            )
        folded = query[:, :, part].reshape(1, heads, groups * shared.count, -1)
        found, other = attend(folded, keys[None], values[None], self.how, mask)
        found = found.view(heads, groups, shared.count, -1)
        other = other.view(heads, groups, shared.count)
        output[:, :, part], weight[:, :, part] = merge(
            output[:, :, part], weight[:, :, part], found, other
        )

    def decode(
        self, decoding: Decoding, query: Tensor, key: Tensor, value: Tensor, output: Tensor
    ) -> None:
        """One token for each row, all rows in one call, then the segments that they share."""
        new = slice(decoding.first, None)
        kept = decoding.keys
        kept.write_each(
            self.layer,
            decoding.rows,
            decoding.at,
            key[:, new].transpose(0, 1),
            value[:, new].transpose(0, 1),
        )
        queries = query[:, :, new].permute(2, 0, 1, 3)  # rows, heads, groups, width
        spread = queries.new_zeros(decoding.extent, *queries.shape[1:])
        spread[decoding.rows] = queries
        length = decoding.longest
        found, weight = attend(
            spread,
            kept.keys[self.layer][: decoding.extent, :, :length],
            kept.values[self.layer][: decoding.extent, :, :length],
            self.how,
            self.step.mask(
                ("slots", self.how.window), lambda: self.slots_visible(decoding, queries.device)
            ),
        )
        found, weight = found[decoding.rows], weight[decoding.rows]
        for number in range(len(decoding.shared)):
            self.decode_shared(number, decoding, queries, found, weight)
        output[:, :, new] = found.permute(1, 2, 0, 3)

    def decode_shared(
        self, number: int, decoding: Decoding, queries: Tensor, found: Tensor, weight: Tensor
    ) -> None:
        """The rows below a segment against it, weighed into what was found, in place."""
        block, below = decoding.shared[number]
        chosen = queries[below]  # rows, heads, groups, width
        count, heads, groups, _ = chosen.shape
        keys, values = self.kept(block)
        mask = None
        if self.how.window is not None:
            at = self.step.positions[decoding.first :][below].repeat_interleave(groups)
            mask = self.step.mask(
                ("below", number, self.how.window),
                lambda: self.visible(at, block, causal=False)[None, None],
            )
        folded = chosen.transpose(0, 1).reshape(1, heads, count * groups, -1)
        more, other = attend(folded, keys[None], values[None], self.how, mask)
        more = more.view(heads, count, groups, -1).transpose(0, 1)
        other = other.view(heads, count, groups).transpose(0, 1)
        found[below], weight[below] = merge(found[below], weight[below], more, other)

    def kept(self, block: Block) -> tuple[Tensor, Tensor]:
        """A block's keys and values, [heads, tokens, width]."""
        keys = block.keys.keys[self.layer][block.row, :, : block.count]
        values = block.keys.values[self.layer][block.row, :, : block.count]
        return keys, values

    def visible(self, queries: Tensor, block: Block, *, causal: bool) -> Tensor:
        """Which of a block's tokens each query position may see: [queries, tokens]."""
        keys = block.start + torch.arange(block.count, device=queries.device)
        distance = queries[:, None] - keys[None]
        seen = distance >= 0 if causal else torch.ones_like(distance, dtype=torch.bool)
        if self.how.window is not None:
            seen &= distance < self.how.window
        return seen

    def slots_visible(self, decoding: Decoding, device: torch.device) -> Tensor:
        """Which tokens of its slot each row may see: [slots, 1, 1, tokens]; idle slots see one."""
        last = torch.zeros(decoding.extent, dtype=torch.long, device=device)
        last[decoding.rows] = decoding.at
        tokens = torch.arange(decoding.longest, device=device)
        seen = tokens[None] <= last[:, None]
        if self.how.window is not None:
            seen &= tokens[None] > last[:, None] - self.how.window
        return seen[:, None, None]

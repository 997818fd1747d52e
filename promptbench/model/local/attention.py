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

from promptbench.model.local.branch import Tree
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

    They are tokens `first` to `first + count` of the step, and go to `own` at `at`. Where the row
    holds a `tree` of continuations, that begins after its first `plain` tokens.
    """

    first: int
    count: int
    own: Block
    at: int
    plain: int = 0
    tree: Tree | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """A segment, and the tokens of the step from `first` that attend to all of it."""

    first: int
    count: int
    block: Block


@dataclass(frozen=True, slots=True)
class Bunch:
    """Generating rows whose slots are neighbours, so that one call attends for all of them.

    `rows` are the tokens of the step that are theirs, in the order of their slots, which lie from
    `low` to `high` (exclusive); `slots` are those counted from `low`, None where none between is
    idle. `at` counts the tokens that each slot holds already, `longest` is the most after this one.
    """

    rows: Tensor
    low: int
    high: int
    at: Tensor
    longest: int
    slots: Tensor | None


@dataclass(frozen=True, slots=True)
class Decoding:
    """One new token for each of several rows: the first tokens of the step.

    `slots` are the rows' slots, `at` counts the tokens that each holds already, and `bunches`
    cover all rows.
    """

    slots: Tensor
    at: Tensor
    keys: Keys
    bunches: tuple[Bunch, ...]


@dataclass(slots=True)
class Step:
    """What one forward pass does. `positions` are those of its tokens, generating rows first.

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
    if attention_mask is not None:  # ours are made here, and transformers makes none for us
        raise NotImplementedError("layers that make a mask of their own")
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
        kinds = key.shape[0]
        asking = query.transpose(0, 1).unflatten(1, (kinds, heads // kinds))  # type: ignore[no-untyped-call]
        output = query.new_empty(tokens, kinds, heads // kinds, value.shape[2])
        weight = output.new_empty(tokens, kinds, heads // kinds, dtype=torch.float32)
        self.write(key, value)
        if self.step.decoding is not None:
            for number in range(len(self.step.decoding.bunches)):
                self.decode(number, self.step.decoding, asking, output, weight)
        for number, piece in enumerate(self.step.pieces):
            self.own(number, piece, asking, output, weight)
        for number, shared in enumerate(self.step.shared):
            self.share(number, shared, asking, output, weight)
        return output.flatten(1, 2)

    def write(self, key: Tensor, value: Tensor) -> None:
        """Keep the new tokens' keys and values."""
        for piece in self.step.pieces:
            part = slice(piece.first, piece.first + piece.count)
            block = piece.own
            block.keys.write(self.layer, block.row, piece.at, key[:, part], value[:, part])
        if (decoding := self.step.decoding) is not None:
            part = slice(0, len(decoding.slots))
            keys, values = key[:, part].transpose(0, 1), value[:, part].transpose(0, 1)
            decoding.keys.write_each(self.layer, decoding.slots, decoding.at, keys, values)

    def own(self, number: int, piece: Piece, query: Tensor, output: Tensor, weight: Tensor) -> None:
        """New tokens against what their row holds, each up to itself."""
        part = slice(piece.first, piece.first + piece.count)
        keys, values = self.kept(piece.own)
        mask = None
        if piece.tree is not None:
            mask = self.step.mask(
                ("own", number, self.how.window), lambda: self.tree_visible(piece)[None, None]
            )
        elif piece.at or self.how.window is not None:
            queries = self.step.positions[part]
            mask = self.step.mask(
                ("own", number, self.how.window),
                lambda: self.visible(queries, piece.own, causal=True)[None, None],
            )
        groups = query.shape[2]
        found, other = attend(
            query[part].permute(1, 2, 0, 3),
            keys.unsqueeze(1).expand(-1, groups, -1, -1),
            values.unsqueeze(1).expand(-1, groups, -1, -1),
            self.how,
            mask,
            causal=mask is None,
        )
        output[part], weight[part] = found.permute(2, 0, 1, 3), other.permute(2, 0, 1)

    def share(
        self, number: int, shared: Shared, query: Tensor, output: Tensor, weight: Tensor
    ) -> None:
        """New tokens against a segment; their groups of heads become more queries of one head."""
        part = slice(shared.first, shared.first + shared.count)
        _, heads, groups, _ = query.shape
        keys, values = self.kept(shared.block)
        mask = None
        if self.how.window is not None:
            queries = self.step.positions[part].repeat_interleave(groups)
            mask = self.step.mask(
                ("shared", number, self.how.window),
                lambda: self.visible(queries, shared.block, causal=False)[None, None],
            )
        folded = query[part].transpose(0, 1).reshape(1, heads, shared.count * groups, -1)
        found, other = attend(folded, keys[None], values[None], self.how, mask)
        found = found.view(heads, shared.count, groups, -1).transpose(0, 1)
        other = other.view(heads, shared.count, groups).transpose(0, 1)
        merge(output[part], weight[part], found, other)

    def decode(
        self, number: int, decoding: Decoding, query: Tensor, output: Tensor, weight: Tensor
    ) -> None:
        """One token for each of a bunch of rows, against what their slots hold."""
        bunch = decoding.bunches[number]
        asking = query[bunch.rows]  # rows, heads, groups, width
        if bunch.slots is not None:
            spread = query.new_zeros(bunch.high - bunch.low, *query.shape[1:])
            spread[bunch.slots] = asking
            asking = spread
        found, other = attend(
            asking,
            decoding.keys.keys[self.layer][bunch.low : bunch.high, :, : bunch.longest],
            decoding.keys.values[self.layer][bunch.low : bunch.high, :, : bunch.longest],
            self.how,
            self.step.mask(
                ("slots", number, self.how.window),
                lambda: self.slots_visible(bunch, query.device),
            ),
        )
        if bunch.slots is not None:
            found, other = found[bunch.slots], other[bunch.slots]
        output[bunch.rows], weight[bunch.rows] = found, other

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

    def tree_visible(self, piece: Piece) -> Tensor:
        """Which of its row's tokens each new one may see: what it follows, along its branch."""
        tree = piece.tree or Tree()
        device, count = self.step.positions.device, piece.own.count
        places = torch.arange(count, device=device)
        depths = torch.tensor([*range(piece.plain), *(piece.plain + d for d in tree.depths)])
        seen = places[:, None] >= places[None]
        branch = tree.ancestors[: count - piece.plain, : count - piece.plain].to(device)
        seen[piece.plain :, piece.plain :] &= branch
        if self.how.window is not None:
            depths = depths[:count].to(device)
            seen &= depths[:, None] - depths[None] < self.how.window
        return seen[piece.at :]

    def slots_visible(self, bunch: Bunch, device: torch.device) -> Tensor:
        """Which tokens of its slot each row may see: [slots, 1, 1, tokens]; idle slots see one."""
        last = bunch.at
        if bunch.slots is not None:
            last = torch.zeros(bunch.high - bunch.low, dtype=torch.long, device=device)
            last[bunch.slots] = bunch.at
        tokens = torch.arange(bunch.longest, device=device)
        seen = tokens[None] <= last[:, None]
        if self.how.window is not None:
            seen &= tokens[None] > last[:, None] - self.how.window
        return seen[:, None, None]

"""Keep keys and values: slots of equal length for rows, tensors of their own for segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from promptbench.model.local.memory import blank


@dataclass(frozen=True, slots=True)
class LayerShape:
    """What one layer keeps for a token: key and value heads x their widths."""

    heads: int
    key_width: int
    value_width: int

    @property
    def numbers(self) -> int:
        """Numbers kept for a token."""
        return self.heads * (self.key_width + self.value_width)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model keeps for a token, layer by layer."""

    layers: tuple[LayerShape, ...]
    dtype: torch.dtype
    device: torch.device

    @property
    def bytes_per_token(self) -> int:
        """Memory that one token takes over all layers."""
        return sum(layer.numbers for layer in self.layers) * self.dtype.itemsize


class Keys:
    """Keys and values of some rows: per layer [rows, heads, capacity, width]."""

    def __init__(self, shape: Shape, rows: int, capacity: int) -> None:
        """Reserve room for `rows` of up to `capacity` tokens."""
        self.keys = [room(shape, rows, s.heads, capacity, s.key_width) for s in shape.layers]
        self.values = [room(shape, rows, s.heads, capacity, s.value_width) for s in shape.layers]

    def write(self, layer: int, row: int, at: int, keys: Tensor, values: Tensor) -> None:
        """Put [heads, tokens, width] behind what a row has."""
        self.keys[layer][row, :, at : at + keys.shape[1]] = keys
        self.values[layer][row, :, at : at + keys.shape[1]] = values

    def write_each(
        self, layer: int, rows: Tensor, at: Tensor, keys: Tensor, values: Tensor
    ) -> None:
        """Put one token into each of several rows; keys and values are [rows, heads, width]."""
        self.keys[layer][rows, :, at] = keys
        self.values[layer][rows, :, at] = values

    def move(self, source: int, target: int, tokens: int) -> None:
        """Copy a row's first tokens into another row."""
        for kept in (*self.keys, *self.values):
            kept[target, :, :tokens] = kept[source, :, :tokens]

    def rebuild(self, rows: int, capacity: int, moved: Sequence[tuple[int, int]]) -> None:
        """Make other rows. The first are those `moved`: each an old row and its number of tokens.

        A layer at a time, so that only one of them is there twice.
        """
        for tensors in (self.keys, self.values):
            for layer, old in enumerate(tensors):
                new = blank((rows, old.shape[1], capacity, old.shape[3]), old.dtype, old.device)
                for target, (source, tokens) in enumerate(moved):
                    new[target, :, :tokens] = old[source, :, :tokens]
                tensors[layer] = new


def room(shape: Shape, *sizes: int) -> Tensor:
    """Zeros, for what is masked out is still multiplied: by 0, which leaves a NaN a NaN."""
    return blank(sizes, shape.dtype, shape.device)


def slots_for(budget: int, shape: Shape, lengths: Sequence[int], most: int) -> int:
    """How many rows of the longest length fit a budget of bytes: at least one, at most `most`."""
    longest = max(lengths)
    return max(1, min(most, len(lengths), budget // (longest * shape.bytes_per_token)))

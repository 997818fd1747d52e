"""What is minimised: the cross-entropy of the answers, computed without padding where it can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface

from promptbench.tune.example import Example

ROWS = "promptbench_rows"
IGNORED = -100


class Objective(Protocol):
    """The loss of some examples under a model."""

    def loss(self, model: Any, rows: Sequence[Example]) -> Tensor:
        """Cross-entropy in nats, summed over the tokens (or labels) that `weight` counts."""
        ...

    def weight(self, row: Example) -> int:
        """How many tokens (or labels) of an example have a loss."""
        ...


class Packed:
    """Decoders: all rows of a step in one line, without padding; logits for answers only.

    A prompt's tokens never meet the output layer, which for a vocabulary of 49,152 is a fifth of
    a small model's work and most of its memory.
    """

    def loss(self, model: Any, rows: Sequence[Example]) -> Tensor:
        """See Objective."""
        ids, positions, asked, targets = packed(rows)
        device = model.device
        out = model(
            input_ids=ids.to(device),
            position_ids=positions.to(device),
            logits_to_keep=asked.to(device),
            row_lengths=tuple(row.tokens for row in rows),
            use_cache=False,
        )
        return summed(out.logits[0], targets.to(device))

    def weight(self, row: Example) -> int:
        """See Objective."""
        return row.weight


class Padded:
    """Decoders that Packed does not suit: padded at the right, as transformers does it."""

    def __init__(self, padding: int) -> None:
        """`padding` is the id of the padding token."""
        self.padding = padding

    def loss(self, model: Any, rows: Sequence[Example]) -> Tensor:
        """See Objective."""
        ids, mask = padded([row.ids for row in rows], self.padding)
        out = model(
            input_ids=ids.to(model.device), attention_mask=mask.to(model.device), use_cache=False
        )
        kept = [
            out.logits[i, first - 1 : end - 1]
            for i, row in enumerate(rows)
            for first, end in row.pieces
        ]
        targets = torch.tensor([token for row in rows for token in row.targets])
        return summed(torch.cat(kept), targets.to(model.device))

    def weight(self, row: Example) -> int:
        """See Objective."""
        return row.weight


class Written:
    """Encoder-decoders: the prompt is read by the encoder, the answer written by the decoder."""

    def __init__(self, padding: int) -> None:
        """`padding` is the id of the padding token."""
        self.padding = padding

    def loss(self, model: Any, rows: Sequence[Example]) -> Tensor:
        """See Objective."""
        ids, mask = padded([row.prompt for row in rows], self.padding)
        labels, _ = padded([row.answer for row in rows], IGNORED)
        out = model(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            labels=labels.to(model.device),
            use_cache=False,
        )
        return summed(out.logits.flatten(0, 1), labels.flatten().to(model.device))

    def weight(self, row: Example) -> int:
        """See Objective."""
        return len(row.answer)


class Labelled:
    """A classification head: one label a case."""

    def __init__(self, padding: int) -> None:
        """`padding` is the id of the padding token."""
        self.padding = padding

    def loss(self, model: Any, rows: Sequence[Example]) -> Tensor:
        """See Objective."""
        ids, mask = padded([row.prompt for row in rows], self.padding)
        out = model(input_ids=ids.to(model.device), attention_mask=mask.to(model.device))
        return summed(out.logits, torch.tensor([row.label for row in rows]).to(model.device))

    def weight(self, row: Example) -> int:
        """See Objective."""
        return 1


def packed(rows: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Ids and positions [1, tokens]; which positions tell a learned token, and those tokens."""
    ids: list[int] = []
    positions: list[int] = []
    asked: list[int] = []
    targets: list[int] = []
    for row in rows:
        asked += (len(ids) + place - 1 for place in row.learned)
        targets += row.targets
        ids += row.ids
        positions += range(row.tokens)
    return (
        torch.tensor([ids]),
        torch.tensor([positions]),
        torch.tensor(asked),
        torch.tensor(targets),
    )


def padded(rows: Sequence[Sequence[int]], padding: int) -> tuple[Tensor, Tensor]:
    """Ids padded at the right [rows, longest], and where they are real."""
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[padding] * (longest - len(row))] for row in rows])
    real = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, real


def summed(logits: Tensor, targets: Tensor) -> Tensor:
    """Summed cross-entropy in nats, in fp32."""
    return functional.cross_entropy(logits.float(), targets, ignore_index=IGNORED, reduction="sum")


def rows_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    row_lengths: Sequence[int] = (),
    **more: Any,
) -> tuple[Tensor, None]:
    """Causal attention within each row of a packed line [1, heads, tokens, width], row by row.

    Raises NotImplementedError for a layer that makes a mask of its own.
    """
    if attention_mask is not None:
        raise NotImplementedError("layers that make a mask of their own")
    outputs = []
    lengths = list(row_lengths)
    sides = [torch.split(side, lengths, dim=2) for side in (query, key, value)]
    for q, k, v in zip(*sides, strict=True):
        outputs.append(
            functional.scaled_dot_product_attention(
                q,
                k,
                v,
                is_causal=True,
                scale=scaling,
                dropout_p=dropout,
                enable_gqa=k.shape[1] != q.shape[1],
            )
        )
    return torch.cat(outputs, dim=2).transpose(1, 2), None


def no_mask(*arguments: Any, **settings: Any) -> None:
    """Packed rows need no mask: each row attends within itself."""


AttentionInterface.register(ROWS, rows_attention)
AttentionMaskInterface.register(ROWS, no_mask)

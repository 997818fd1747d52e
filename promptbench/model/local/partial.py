"""Softmax attention over a part of the keys, and how such parts are put together.

With the logarithm of its normaliser, a part can be weighed against others: the result is the
softmax over all keys (Milakov & Gimelshein 2018; Juravsky et al. 2024, Hydragen).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class How:
    """A layer's scale, sliding window (None: all) and soft cap on scores (None: none)."""

    scale: float
    window: int | None
    softcap: float | None


@dataclass(frozen=True, slots=True)
class Mask:
    """What is added to scores: 0 or -inf, [batch or 1, 1, queries, keys].

    `blind` marks queries that see nothing, [batch or 1, 1, queries]; None if there are none.
    """

    added: Tensor
    blind: Tensor | None


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    how: How,
    mask: Mask | None = None,
    *,
    causal: bool = False,
) -> tuple[Tensor, Tensor]:
    """Softmax attention and the logarithm of its normaliser, which is -inf where none is seen.

    `query` [batch, heads, queries, width], `key` and `value` [batch, heads, keys, width].
    """
    if query.device.type == "cpu" and how.softcap is None:
        added = None if mask is None else mask.added.to(query.dtype)
        found, weight = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            query, key, value, 0.0, causal, attn_mask=added, scale=how.scale
        )
    else:
        found, weight = attend_plainly(query, key, value, how, mask, causal)
    if mask is not None and mask.blind is not None:
        weight = weight.masked_fill(mask.blind, float("-inf"))
    return found, weight


def attend_plainly(
    query: Tensor, key: Tensor, value: Tensor, how: How, mask: Mask | None, causal: bool
) -> tuple[Tensor, Tensor]:
    """The same by the formula, for devices and layers that no kernel with a normaliser serves."""
    scores = (query @ key.transpose(-1, -2)).float() * how.scale
    if how.softcap is not None:
        scores = torch.tanh(scores / how.softcap) * how.softcap
    if causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(later, float("-inf"))
    if mask is not None:
        scores = scores + mask.added
    weight = torch.logsumexp(scores, dim=-1)
    shares = torch.exp(scores - weight.clamp(min=-1e30)[..., None])
    return shares.to(value.dtype) @ value, weight


def merge(first: Tensor, first_weight: Tensor, second: Tensor, second_weight: Tensor) -> None:
    """Make of two partial attentions one over all their keys, in place of the first.

    A part that sees nothing adds nothing.
    """
    weight = torch.logaddexp(first_weight, second_weight)
    share = torch.exp(second_weight.sub(weight))[..., None]
    first.lerp_(second, share.to(first.dtype))
    first_weight.copy_(weight)

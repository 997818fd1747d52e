"""What a transformer's heads read in a prompt: token ids in, attention by head out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from promptbench.error import InputError, choices
from promptbench.report.anatomy import Reading
from promptbench.report.heat import AttentionMap

# Longer prompts are drawn section by section: their tokens would be too small to read.
DRAWN = 48


def attentions(model: Any, ids: Sequence[int]) -> dict[str, Tensor]:
    """Attention of every head over a prompt, by name as `0.1`: rows read, columns are read.

    An encoder-decoder's are those of its encoder, and of its decoder's first step (`cross.0.1`).
    """
    usual = model.config._attn_implementation
    model.set_attn_implementation("eager")
    given: dict[str, Any] = {"input_ids": torch.tensor([list(ids)])}
    if model.config.is_encoder_decoder:
        given["decoder_input_ids"] = torch.tensor([[model.config.decoder_start_token_id]])
    try:
        with torch.inference_mode():
            made = model(**given, output_attentions=True, use_cache=False)
    finally:
        model.set_attn_implementation(usual)
    if not model.config.is_encoder_decoder:
        return named("", made.attentions)
    return named("encoder.", made.encoder_attentions) | named("cross.", made.cross_attentions)


def named(stack: str, layers: Sequence[Tensor]) -> dict[str, Tensor]:
    """Each head's matrix under its name."""
    return {
        f"{stack}{layer}.{head}": matrix
        for layer, heads in enumerate(layers)
        for head, matrix in enumerate(heads[0])
    }


def chosen(found: dict[str, Tensor], heads: Sequence[str]) -> dict[str, Tensor]:
    """The heads that are asked for. Raises InputError for one that there is not."""
    for head in heads:
        if head not in found:
            raise InputError(
                f"the model has no head '{head}' to show",
                hint=choices(head, found, "There are"),
            )
    return {head: found[head] for head in heads}


def reading(head: str, matrix: Tensor, place: int, sections: Sequence[Sequence[int]]) -> Reading:
    """How the attention from a place is shared among sections, each given as its tokens."""
    row = matrix[min(place, len(matrix) - 1)]
    return Reading(head, tuple(float(row[list(tokens)].sum()) for tokens in sections))


def token_map(head: str, matrix: Tensor, tokens: Sequence[str]) -> AttentionMap:
    """Token by token; a decoder's first step has one row."""
    rows = tuple(tokens) if len(matrix) > 1 else ("first step",)
    return AttentionMap(head, rows, tuple(tokens), as_tuples(matrix))


def section_map(
    head: str, matrix: Tensor, names: Sequence[str], sections: Sequence[Sequence[int]]
) -> AttentionMap:
    """Section by section: a row is the mean over its tokens, and sums over those it reads."""
    columns = torch.stack([matrix[:, list(tokens)].sum(1) for tokens in sections], 1)
    if len(matrix) == 1:
        return AttentionMap(head, ("first step",), tuple(names), as_tuples(columns))
    rows = torch.stack([columns[list(tokens)].mean(0) for tokens in sections])
    return AttentionMap(head, tuple(names), tuple(names), as_tuples(rows))


def as_tuples(matrix: Tensor) -> tuple[tuple[float, ...], ...]:
    """A matrix as plain numbers."""
    return tuple(tuple(float(x) for x in row) for row in matrix)

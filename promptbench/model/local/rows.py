"""Rows of a batch inside a transformers model: prompts in, next-token logits out, step by step.

Each class holds one batch's keys and values. `start` reads the prompts, `step` one new token a
row; both return logits of shape [rows, vocabulary]. `keep` drops the rows that are not named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from promptbench.error import ModelError

# A shared beginning shorter than this is not worth a forward pass of its own.
MIN_SHARED = 32


class Rows(Protocol):
    """A batch under way."""

    def before(self, prompt: Sequence[int]) -> Sequence[int]:
        """The tokens that a prompt's output continues."""
        ...

    def start(self, prompts: Sequence[Sequence[int]]) -> Tensor:
        """Read the prompts."""
        ...

    def step(self, tokens: Sequence[int]) -> Tensor:
        """Read one token a row."""
        ...

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows only, in this order."""
        ...


class DecoderRows:
    """A decoder-only model. The beginning that all prompts share is read once."""

    def __init__(self, model: Any) -> None:
        """`model` is a transformers ...ForCausalLM."""
        self.model = model
        self.device = model.device
        self.cache: Any = None
        self.mask = torch.empty(0)
        self.lengths = torch.empty(0)

    def before(self, prompt: Sequence[int]) -> Sequence[int]:
        """The prompt."""
        return prompt

    def start(self, prompts: Sequence[Sequence[int]]) -> Tensor:
        """Prefill: the shared beginning for one row, the rest left-padded for all."""
        from transformers import DynamicCache

        shared = shared_length(prompts)
        self.cache = DynamicCache(config=self.model.config)
        if shared >= MIN_SHARED and len(prompts) > 1:
            self.forward(torch.tensor([prompts[0][:shared]]), torch.arange(shared)[None], None)
            self.cache.batch_repeat_interleave(len(prompts))
        else:
            shared = 0
        # Left-pad: the last position must be a real token.
        rest = [list(p[shared:]) for p in prompts]
        width = max(map(len, rest))
        ids = torch.tensor([[0] * (width - len(r)) + r for r in rest])
        pads = torch.tensor([width - len(r) for r in rest])
        real = torch.arange(width)[None] >= pads[:, None]
        self.mask = torch.cat([torch.ones(len(rest), shared, dtype=torch.bool), real], dim=1)
        self.lengths = torch.tensor([len(p) for p in prompts])
        positions = (shared + torch.arange(width)[None] - pads[:, None]).clamp(min=0)
        return self.forward(ids, positions, self.mask)

    def step(self, tokens: Sequence[int]) -> Tensor:
        """Decode one token a row."""
        self.mask = torch.cat([self.mask, torch.ones(len(tokens), 1, dtype=torch.bool)], dim=1)
        positions = self.lengths[:, None]
        self.lengths = self.lengths + 1
        return self.forward(torch.tensor(tokens)[:, None], positions, self.mask)

    def keep(self, rows: Sequence[int]) -> None:
        """Drop the other rows."""
        index = torch.tensor(rows)
        self.cache.batch_select_indices(index.to(self.device))
        self.mask, self.lengths = self.mask[index], self.lengths[index]

    def forward(self, ids: Tensor, positions: Tensor, mask: Tensor | None) -> Tensor:
        """One pass; the vocabulary is computed for the last position only."""
        output = self.model(
            input_ids=ids.to(self.device),
            position_ids=positions.to(self.device),
            attention_mask=None if mask is None else mask.long().to(self.device),
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: Tensor = output.logits[:, -1].float().cpu()
        return logits


class EncoderDecoderRows:
    """An encoder-decoder model such as T5: the prompts are encoded once, right-padded."""

    def __init__(self, model: Any) -> None:
        """`model` is a transformers model for sequence-to-sequence generation."""
        self.model = model
        self.device = model.device
        self.first = first_token(model)
        self.cache: Any = None
        self.encoded: Any = None
        self.mask = torch.empty(0)

    def before(self, prompt: Sequence[int]) -> Sequence[int]:
        """The start token alone: the decoder does not see the prompt."""
        return [self.first]

    def start(self, prompts: Sequence[Sequence[int]]) -> Tensor:
        """Encode the prompts and decode the start token."""
        from transformers import DynamicCache, EncoderDecoderCache

        width = max(map(len, prompts))
        ids = torch.tensor([[*p, *([0] * (width - len(p)))] for p in prompts])
        lengths = torch.tensor([len(p) for p in prompts])
        self.mask = (torch.arange(width)[None] < lengths[:, None]).long().to(self.device)
        encoder = self.model.get_encoder()
        self.encoded = encoder(input_ids=ids.to(self.device), attention_mask=self.mask)
        self.cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        return self.step([self.first] * len(prompts))

    def step(self, tokens: Sequence[int]) -> Tensor:
        """Decode one token a row."""
        output = self.model(
            encoder_outputs=self.encoded,
            attention_mask=self.mask,
            decoder_input_ids=torch.tensor(tokens)[:, None].to(self.device),
            past_key_values=self.cache,
            use_cache=True,
        )
        logits: Tensor = output.logits[:, -1].float().cpu()
        return logits

    def keep(self, rows: Sequence[int]) -> None:
        """Drop the other rows."""
        index = torch.tensor(rows).to(self.device)
        self.cache.batch_select_indices(index)
        self.mask = self.mask[index]
        self.encoded.last_hidden_state = self.encoded.last_hidden_state[index]


def first_token(model: Any) -> int:
    """The token that every output of an encoder-decoder begins with, as generate() takes it."""
    for settings in (model.generation_config, model.config):
        token = getattr(settings, "decoder_start_token_id", None)
        if token is not None:
            return int(token)
    raise ModelError(
        "the checkpoint does not say which token an output begins with",
        hint="Its generation_config.json needs a decoder_start_token_id.",
    )


def shared_length(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with alike, leaving each at least one of its own."""
    first, last = min(map(tuple, prompts)), max(map(tuple, prompts))
    limit = min(map(len, prompts)) - 1
    for i in range(limit):
        if first[i] != last[i]:
            return i
    return limit

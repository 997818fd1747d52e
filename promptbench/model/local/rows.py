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
    """A decoder-only model.

    What all prompts begin with is read with each: to read it once would put the padding behind it,
    and a model that sees only the last so many places would see so many words fewer.
    """

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
        """Prefill, left-padded."""
        from transformers import DynamicCache

        self.cache = DynamicCache(config=self.model.config)
        # Left-pad: the last position must be a real token.
        width = max(map(len, prompts))
        ids = torch.tensor([[0] * (width - len(p)) + list(p) for p in prompts])
        pads = torch.tensor([width - len(p) for p in prompts])
        self.mask = torch.arange(width)[None] >= pads[:, None]
        self.lengths = torch.tensor([len(p) for p in prompts])
        positions = (torch.arange(width)[None] - pads[:, None]).clamp(min=0)
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

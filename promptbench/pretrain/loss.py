"""Measure a model's loss: examples in, nats and tokens of each out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from promptbench.pretrain.corrupt import IGNORED, Example


@dataclass(frozen=True, slots=True)
class Loss:
    """Cross-entropy: `nats` over all `tokens` that were asked for."""

    nats: float
    tokens: int

    @property
    def mean(self) -> float:
        """Nats a token."""
        return self.nats / self.tokens

    @property
    def perplexity(self) -> float:
        """The number of tokens that a choice as hard would be among."""
        return math.exp(min(self.mean, 700.0))

    def bits_per_byte(self, size: int) -> float:
        """Bits for each byte of a text of `size` bytes whose every token was asked for."""
        return self.nats / math.log(2) / size


def losses(model: Any, examples: Sequence[Example]) -> list[Loss]:
    """Each example's loss, one at a time: nothing is padded, none depends on its neighbours."""
    return list(each(model, examples))


def each(model: Any, examples: Sequence[Example]) -> Iterator[Loss]:
    """See `losses`. The model is left in the mode, training or not, in which it was."""
    import torch

    training = model.training
    model.eval()
    shift = 0 if model.config.is_encoder_decoder or encoder_only(model) else 1
    with torch.inference_mode():
        for example in examples:
            labels = torch.from_numpy(example.labels)[None]
            inputs = {"input_ids": torch.from_numpy(example.inputs)[None]}
            if model.config.is_encoder_decoder:
                inputs["decoder_input_ids"] = begun(labels, model.config.decoder_start_token_id)
            logits = model(**inputs).logits
            asked = labels[:, shift:]
            nats = torch.nn.functional.cross_entropy(
                logits[:, : logits.shape[1] - shift].flatten(0, 1).double(),
                asked.flatten(),
                ignore_index=IGNORED,
                reduction="sum",
            )
            yield Loss(float(nats), int((asked != IGNORED).sum()))
    model.train(training)


def total(parts: Sequence[Loss]) -> Loss:
    """All examples' loss."""
    return Loss(math.fsum(p.nats for p in parts), sum(p.tokens for p in parts))


def encoder_only(model: Any) -> bool:
    """Whether a model answers at the place itself, not at the one before."""
    return type(model).__name__.endswith("ForMaskedLM")


def begun(labels: Any, start: int) -> Any:
    """What a decoder reads to write the labels: all but the last, behind the start token."""
    import torch

    return torch.cat([torch.full_like(labels[:, :1], start), labels[:, :-1]], dim=1)

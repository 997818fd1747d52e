"""Run packed steps through a transformers model: tokens in, next-token logits out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface

from promptbench.model.local.attention import NAME, Step, packed_attention
from promptbench.model.local.cache import Shape

AttentionInterface.register(NAME, packed_attention)


class Runner:
    """A decoder-only model that transformers runs with our attention."""

    def __init__(self, model: Any) -> None:
        """Switch the model's attention and see what its layers keep for a token."""
        model.set_attn_implementation(NAME)
        self.model = model
        self.device: torch.device = model.device
        self.shape = self.probe()

    @torch.no_grad()
    def probe(self) -> Shape:
        """Run one token to learn how many keys and values each layer keeps, and how wide."""
        positions = torch.zeros(1, dtype=torch.long, device=self.device)
        step = Step(positions, probing=True)
        self.forward([0], step, [])
        layers = tuple(step.shapes[i] for i in sorted(step.shapes))
        return Shape(layers, next(self.model.parameters()).dtype, self.device)

    def settle(self) -> None:
        """Give up what is not needed once this is the runner that will be used."""

    def forward(self, tokens: Sequence[int], step: Step, wanted: Sequence[int]) -> Tensor:
        """One pass over a step's tokens; logits [wanted, vocabulary], fp32 on the CPU.

        The vocabulary is computed for the `wanted` tokens of the step only.
        """
        output = self.model(
            input_ids=torch.tensor([tokens], device=self.device),
            position_ids=step.positions[None],
            use_cache=False,
            logits_to_keep=torch.tensor(list(wanted), dtype=torch.long, device=self.device),
            promptbench_step=step,
        )
        logits: Tensor = output.logits[0].float().cpu()
        return logits

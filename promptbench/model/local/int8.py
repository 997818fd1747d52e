"""Linear layers in 8-bit whole numbers: a model in, the same model with smaller weights out.

A weight has one scale for each output, an activation one for each token (symmetric, dynamic; as
in Dettmers et al. 2022, LLM.int8(), without its outlier columns). So a token's numbers do not
depend on the tokens beside it. The products are summed in 32-bit whole numbers, which is exact.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

LARGEST = 127


class Int8Linear(nn.Module):
    """x @ weight.T + bias with both factors rounded to 8 bits; x is [..., in], fp32."""

    rounded: Tensor
    scale: Tensor

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """Round a weight [out, in]."""
        super().__init__()
        scale = scale_of(weight)
        rounded = (weight / scale).round_().to(torch.int8)
        self.register_buffer("rounded", rounded.t().contiguous())
        self.register_buffer("scale", scale.squeeze(1))
        self.bias = None if bias is None else nn.Parameter(bias.detach(), requires_grad=False)
        # Some layers of transformers ask for the type of their weight.
        self.register_buffer("weight", weight.new_empty(0))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply."""
        tokens = x.reshape(-1, x.shape[-1])
        scale = scale_of(tokens)
        rounded = (tokens / scale).round_().to(torch.int8)
        product = torch._int_mm(rounded, self.rounded).to(x.dtype)
        product = product.mul_(scale).mul_(self.scale)
        if self.bias is not None:
            product = product.add_(self.bias)
        return product.view(*x.shape[:-1], -1)


def scale_of(rows: Tensor) -> Tensor:
    """What brings each row's largest number to 127, [rows, 1]; 1 for a row of zeros."""
    largest = rows.abs().amax(dim=1, keepdim=True)
    return torch.where(largest > 0, largest / LARGEST, torch.ones_like(largest))


@torch.no_grad()
def quantise(model: Any) -> int:
    """Replace a transformers model's linear layers, in place; returns how many.

    The layer that gives the vocabulary stays as it is: its weight is often that of the embedding.
    """
    from transformers.pytorch_utils import Conv1D

    head = model.get_output_embeddings()
    found = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and module is not head
    ]
    for name, module in found:
        weight = module.weight.t() if isinstance(module, Conv1D) else module.weight
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, Int8Linear(weight, module.bias))
    return len(found)

"""Linear layers as the machine multiplies fastest: weights in, a function of activations out.

On a CPU, oneDNN multiplies a quarter faster once a weight lies in the blocks that it reads, and
does what follows a product (a sum, a gate) while the result is still in the cache.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

# Rows of a typical step, by which oneDNN chooses the blocks. Other numbers work as well.
ROWS = 384


class Linear(Protocol):
    """x @ weight.T + bias for activations [tokens, in], and that with something done to it."""

    def __call__(self, x: Tensor) -> Tensor:
        """The product, [tokens, out]."""
        ...

    def silu(self, x: Tensor) -> Tensor:
        """SiLU of the product (Hendrycks & Gimpel 2016)."""
        ...

    def times(self, x: Tensor, other: Tensor) -> Tensor:
        """The product times `other`, element by element; may overwrite `other`."""
        ...

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        """The product plus `other`; may overwrite `other`."""
        ...


class PlainLinear:
    """The same by torch's own operations, on any device."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """Take the weight [out, in] and bias [out] as they are."""
        self.weight = weight
        self.bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        """See Linear."""
        return functional.linear(x, self.weight, self.bias)

    def silu(self, x: Tensor) -> Tensor:
        """See Linear."""
        return functional.silu(self(x), inplace=True)

    def times(self, x: Tensor, other: Tensor) -> Tensor:
        """See Linear."""
        return self(x).mul_(other)

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        """See Linear."""
        other.addmm_(x, self.weight.t())
        return other if self.bias is None else other.add_(self.bias)


class BlockedLinear:
    """The same by oneDNN, in fp32 on a CPU; the weight is laid out anew, in blocks."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """Lay the weight [out, in] out."""
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), ROWS)
        self.bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        """See Linear."""
        return self.fused(x, "none")

    def silu(self, x: Tensor) -> Tensor:
        """See Linear."""
        return self.fused(x, "swish")

    def times(self, x: Tensor, other: Tensor) -> Tensor:
        """See Linear."""
        return self.combined(x, other, "mul")

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        """See Linear."""
        return self.combined(x, other, "add")

    def fused(self, x: Tensor, function: str) -> Tensor:
        """A function of the product."""
        result: Tensor = torch.ops.mkldnn._linear_pointwise(
            x, self.weight, self.bias, function, [], "none"
        )
        return result

    def combined(self, x: Tensor, other: Tensor, operation: str) -> Tensor:
        """The product and another tensor."""
        result: Tensor = torch.ops.mkldnn._linear_pointwise.binary(
            x, other, self.weight, self.bias, operation
        )
        return result


def lay_out(weight: Tensor, bias: Tensor | None = None) -> Linear:
    """The fastest form of a linear layer for its device and precision."""
    if weight.device.type == "cpu" and weight.dtype == torch.float32 and has_onednn():
        return BlockedLinear(weight, bias)
    return PlainLinear(weight, bias)


def has_onednn() -> bool:
    """Whether this torch has oneDNN with the operations that we use."""
    operations = torch.ops.mkldnn
    return all(hasattr(operations, n) for n in ("_reorder_linear_weight", "_linear_pointwise"))

"""Run LLaMA-like models with a forward pass of our own: fewer, larger and in-place operations.

transformers' layers make a new tensor for nearly every operation. On a CPU that costs a third of
the time. Here queries, keys and values come from one multiplication and the rest is done in place.
The weights stay where transformers reads them: its parameters become views of the joined ones, so
nothing is kept twice and the model still runs on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from promptbench.model.local.attention import Attention, Step
from promptbench.model.local.partial import How
from promptbench.model.local.runner import Runner

ARCHITECTURES = ("llama", "mistral", "qwen2", "qwen3")


class Layer:
    """One decoder layer's weights, joined where they multiply the same input."""

    def __init__(self, module: Any) -> None:
        """Join the weights of a transformers decoder layer, in place."""
        attention, mlp = module.self_attn, module.mlp
        self.input_norm = module.input_layernorm
        self.middle_norm = module.post_attention_layernorm
        self.query_norm = getattr(attention, "q_norm", None)
        self.key_norm = getattr(attention, "k_norm", None)
        self.width = int(attention.head_dim)
        self.query_size = attention.q_proj.weight.shape[0]
        self.key_size = attention.k_proj.weight.shape[0]
        joined = (attention.q_proj, attention.k_proj, attention.v_proj)
        self.inward, self.inward_bias = join(joined)
        self.outward = attention.o_proj
        self.gate, self.up, self.down = mlp.gate_proj, mlp.up_proj, mlp.down_proj
        self.how = How(float(attention.scaling), window_of(attention), None)


class LlamaRunner(Runner):
    """The same as Runner, faster, for the architectures named above. Bitwise it may differ."""

    @torch.no_grad()
    def __init__(self, model: Any) -> None:
        """Join the weights. Raises ValueError or AttributeError for a model built otherwise."""
        super().__init__(model)
        inner = model.model
        if model.config.hidden_act != "silu":
            raise ValueError("the activation is not SiLU")
        self.embedding: Tensor = inner.embed_tokens.weight
        self.rotary = inner.rotary_emb
        self.norm = inner.norm
        self.head = model.lm_head
        self.layers = [Layer(module) for module in inner.layers]

    def forward(self, tokens: Sequence[int], step: Step, wanted: Sequence[int]) -> Tensor:
        """See Runner."""
        if step.probing:
            return super().forward(tokens, step, wanted)
        ids = torch.tensor(tokens, device=self.device)
        hidden = self.embedding[ids]
        cosine, sine = self.rotary(hidden[None], step.positions[None])
        half = cosine.shape[-1] // 2
        turn = (cosine[0, :, None, :half], sine[0, :, None, :half])
        for number, layer in enumerate(self.layers):
            attend(layer, number, step, hidden, turn)
            feed_forward(layer, hidden)
        chosen = hidden[torch.tensor(list(wanted), dtype=torch.long, device=self.device)]
        logits: Tensor = self.head(normalised(chosen, self.norm)).float().cpu()
        return logits


def attend(
    layer: Layer, number: int, step: Step, hidden: Tensor, turn: tuple[Tensor, Tensor]
) -> None:
    """Add a layer's attention to `hidden`, [tokens, width], in place."""
    tokens = hidden.shape[0]
    inward = functional.linear(
        normalised(hidden, layer.input_norm), layer.inward, layer.inward_bias
    ).view(tokens, -1, layer.width)
    queries = layer.query_size // layer.width
    turning = queries + layer.key_size // layer.width
    if layer.query_norm is not None and layer.key_norm is not None:
        inward[:, :queries] = normalised(inward[:, :queries], layer.query_norm)
        inward[:, queries:turning] = normalised(inward[:, queries:turning], layer.key_norm)
    rotate(inward[:, :turning], *turn)
    heads = inward.transpose(0, 1)
    found = Attention(step, number, layer.how).run(
        heads[:queries], heads[queries:turning], heads[turning:]
    )
    add_product(hidden, found.reshape(tokens, -1), layer.outward)


def feed_forward(layer: Layer, hidden: Tensor) -> None:
    """Add a layer's gated feed-forward part to `hidden`, in place."""
    inward = normalised(hidden, layer.middle_norm)
    gate = functional.silu(layer.gate(inward), inplace=True)
    add_product(hidden, gate.mul_(layer.up(inward)), layer.down)


def normalised(hidden: Tensor, norm: Any) -> Tensor:
    """RMS norm over the last axis (Zhang & Sennrich 2019).

    On a CPU torch's rms_norm takes five passes over the data; this takes three.
    """
    length = torch.linalg.vector_norm(hidden, dim=-1, keepdim=True)
    scale = length.square_().div_(hidden.shape[-1]).add_(norm.variance_epsilon).rsqrt_()
    result: Tensor = (hidden * scale).mul_(norm.weight)
    return result


def rotate(heads: Tensor, cosine: Tensor, sine: Tensor) -> None:
    """Rotary positions (Su et al. 2021) in transformers' half-split layout, in place."""
    first, second = heads.chunk(2, dim=-1)
    turned = first * cosine - second * sine
    second.mul_(cosine).addcmul_(first, sine)
    first.copy_(turned)


def add_product(hidden: Tensor, values: Tensor, linear: Any) -> None:
    """Add values @ weight.T + bias to `hidden`, in place."""
    hidden.addmm_(values, linear.weight.t())
    if linear.bias is not None:
        hidden.add_(linear.bias)


def join(linears: Sequence[Any]) -> tuple[Tensor, Tensor | None]:
    """One weight of several linear layers, which become views of it; likewise the biases."""
    weight = torch.cat([linear.weight.data for linear in linears])
    biased = all(linear.bias is not None for linear in linears)
    bias = torch.cat([linear.bias.data for linear in linears]) if biased else None
    at = 0
    for linear in linears:
        size = linear.weight.shape[0]
        linear.weight.data = weight[at : at + size]
        if bias is not None:
            linear.bias.data = bias[at : at + size]
        at += size
    return weight, bias


def window_of(attention: Any) -> int | None:
    """The layer's sliding window, None if it sees everything."""
    own = getattr(attention, "sliding_window", None)
    if own is not None or hasattr(attention, "sliding_window"):
        return int(own) if own else None
    shared = getattr(attention.config, "sliding_window", None)
    layered = getattr(attention.config, "model_type", "") == "mistral"
    return int(shared) if shared and layered else None

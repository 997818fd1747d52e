"""Run LLaMA-like models with a forward pass of our own: fewer, larger and in-place operations.

transformers' layers make a new tensor for nearly every operation. On a CPU that costs a third of
the time. Here queries, keys and values come from one multiplication, norms and gates are taken into
the multiplications beside them, and the rest is done in place. The weights are laid out anew for
that; transformers' own go, so that nothing is kept twice: its model cannot run any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from promptbench.model.local.attention import Attention, Step
from promptbench.model.local.linear import Linear, lay_out
from promptbench.model.local.partial import How
from promptbench.model.local.runner import Runner

ARCHITECTURES = ("llama", "mistral", "qwen2", "qwen3")


class Layer:
    """One decoder layer's weights, joined where they multiply the same input."""

    def __init__(self, module: Any) -> None:
        """Lay out the weights of a transformers decoder layer."""
        attention, mlp = module.self_attn, module.mlp
        self.input_norm = module.input_layernorm
        self.middle_norm = module.post_attention_layernorm
        self.query_norm = getattr(attention, "q_norm", None)
        self.key_norm = getattr(attention, "k_norm", None)
        self.width = int(attention.head_dim)
        self.query_size = attention.q_proj.weight.shape[0]
        self.key_size = attention.k_proj.weight.shape[0]
        inward = (attention.q_proj, attention.k_proj, attention.v_proj)
        # The norm's weight goes into the weights that its result is multiplied with.
        self.inward = lay_out(joined(inward) * self.input_norm.weight, joined_bias(inward))
        self.outward = laid_out(attention.o_proj)
        self.gate = laid_out(mlp.gate_proj, self.middle_norm.weight)
        self.up = laid_out(mlp.up_proj, self.middle_norm.weight)
        self.down = laid_out(mlp.down_proj)
        self.how = How(float(attention.scaling), window_of(attention), None)


class LlamaRunner(Runner):
    """The same as Runner, faster, for the architectures named above. Bitwise it may differ."""

    @torch.no_grad()
    def __init__(self, model: Any) -> None:
        """Lay out the weights. Raises ValueError or AttributeError for a model built otherwise."""
        super().__init__(model)
        inner = model.model
        if self.shape.dtype != torch.float32:
            raise ValueError("norms are computed in fp32 here")
        if not all(isinstance(m, nn.Linear) for m in projections(inner.layers[0])):
            raise ValueError("the layers are not plain linear ones")
        if model.config.hidden_act != "silu":
            raise ValueError("the activation is not SiLU")
        self.embedding: Tensor = inner.embed_tokens.weight
        self.rotary = inner.rotary_emb
        self.norm = inner.norm
        self.head = model.lm_head
        self.layers = [Layer(module) for module in inner.layers]

    def settle(self) -> None:
        """Free the weights of transformers' layers: ours hold them, laid out for speed."""
        for module in self.model.model.layers.modules():
            if isinstance(module, nn.Linear):
                module.weight = nn.Parameter(module.weight.new_empty(0), requires_grad=False)
        # What is left may be a view into the mapped file, which then stays in memory as a whole.
        for parameter in self.model.parameters():
            parameter.data = parameter.data.clone()
        self.embedding = self.model.model.embed_tokens.weight

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
            hidden = attend(layer, number, step, hidden, turn)
            hidden = feed_forward(layer, hidden)
        chosen = hidden[torch.tensor(list(wanted), dtype=torch.long, device=self.device)]
        logits: Tensor = self.head(normalised(chosen, self.norm)).float().cpu()
        return logits


def attend(
    layer: Layer, number: int, step: Step, hidden: Tensor, turn: tuple[Tensor, Tensor]
) -> Tensor:
    """`hidden`, [tokens, width], plus a layer's attention."""
    tokens = hidden.shape[0]
    inward = layer.inward(scaled(hidden, layer.input_norm)).view(tokens, -1, layer.width)
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
    return layer.outward.plus(found.reshape(tokens, -1), hidden)


def feed_forward(layer: Layer, hidden: Tensor) -> Tensor:
    """`hidden` plus a layer's gated feed-forward part."""
    inward = scaled(hidden, layer.middle_norm)
    return layer.down.plus(layer.up.times(inward, layer.gate.silu(inward)), hidden)


def normalised(hidden: Tensor, norm: Any) -> Tensor:
    """RMS norm over the last axis (Zhang & Sennrich 2019)."""
    weight: Tensor = norm.weight
    return scaled(hidden, norm).mul_(weight)


def scaled(hidden: Tensor, norm: Any) -> Tensor:
    """RMS norm without its weight.

    On a CPU torch's rms_norm takes five passes over the data; this takes two.
    """
    length = torch.linalg.vector_norm(hidden, dim=-1, keepdim=True)
    scale = length.square_().div_(hidden.shape[-1]).add_(norm.variance_epsilon).rsqrt_()
    result: Tensor = hidden * scale
    return result


def rotate(heads: Tensor, cosine: Tensor, sine: Tensor) -> None:
    """Rotary positions (Su et al. 2021) in transformers' half-split layout, in place."""
    first, second = heads.chunk(2, dim=-1)
    turned = first * cosine - second * sine
    second.mul_(cosine).addcmul_(first, sine)
    first.copy_(turned)


def projections(module: Any) -> tuple[Any, ...]:
    """The linear layers of a transformers decoder layer."""
    attention, mlp = module.self_attn, module.mlp
    inward = (attention.q_proj, attention.k_proj, attention.v_proj)
    return (*inward, attention.o_proj, mlp.gate_proj, mlp.up_proj, mlp.down_proj)


def laid_out(linear: Any, norm: Tensor | None = None) -> Linear:
    """A torch linear layer as ours, a norm's weight multiplied into it."""
    weight = linear.weight if norm is None else linear.weight * norm
    return lay_out(weight.detach(), linear.bias)


def joined(linears: Sequence[Any]) -> Tensor:
    """One weight of several linear layers."""
    return torch.cat([linear.weight.detach() for linear in linears])


def joined_bias(linears: Sequence[Any]) -> Tensor | None:
    """One bias of several linear layers, None if they have none."""
    biases = [linear.bias for linear in linears if linear.bias is not None]
    return torch.cat(biases) if len(biases) == len(linears) else None


def window_of(attention: Any) -> int | None:
    """The layer's sliding window, None if it sees everything."""
    own = getattr(attention, "sliding_window", None)
    if own is not None or hasattr(attention, "sliding_window"):
        return int(own) if own else None
    shared = getattr(attention.config, "sliding_window", None)
    layered = getattr(attention.config, "model_type", "") == "mistral"
    return int(shared) if shared and layered else None

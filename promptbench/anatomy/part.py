"""Find the parts of a transformer, and switch one off: a model in, hooks on its modules out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from promptbench.error import ModelError

Kind = Literal["positions", "feed-forward", "attention", "head"]
ROTARY = ("llama", "mistral", "qwen2", "qwen3")
SERVED = ("bert", "gpt2", "t5", *ROTARY)


@dataclass(frozen=True, slots=True)
class Part:
    """What can be switched off. `layer` is "0", in a T5 "encoder.0", "decoder.0" or "cross.0"."""

    kind: Kind
    layer: str = ""
    head: int | None = None

    @property
    def name(self) -> str:
        """As in `head 0.1`, `feed-forward 2`, `attention 0`, `positions`."""
        place = self.layer if self.head is None else f"{self.layer}.{self.head}"
        return f"{self.kind} {place}".strip()


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A model's modules by what they do.

    `mixing` are the projections behind an attention layer's heads, side by side in their input;
    `feeding` what a feed-forward layer adds to the stream; `placing` what tells positions.
    """

    mixing: dict[str, nn.Module]
    feeding: dict[str, nn.Module]
    placing: tuple[nn.Module, ...]
    rotary: bool
    heads: int

    def parts(self) -> list[Part]:
        """Everything that can be switched off, positions first, then layer by layer."""
        found = [Part("positions")]
        for layer in dict.fromkeys([*self.mixing, *self.feeding]):
            if layer in self.feeding:
                found.append(Part("feed-forward", layer))
            if layer in self.mixing:
                found.append(Part("attention", layer))
                found += [Part("head", layer, head) for head in range(self.heads)]
        return found


def anatomy_of(model: Any) -> Anatomy:
    """Find a model's parts. Raises ModelError for an architecture whose parts are not known."""
    kind = model.config.model_type
    if kind not in SERVED:
        raise ModelError(
            f"the parts of a model of type '{kind}' are not known here",
            hint=f"Known are {', '.join(SERVED)}.",
        )
    finders = {"gpt2": gpt2, "bert": bert, "t5": t5}
    return finders.get(kind, rotary)(model)


def gpt2(model: Any) -> Anatomy:
    """GPT-2: learnt positions, one matrix behind the heads."""
    blocks = model.transformer.h
    return Anatomy(
        {str(i): block.attn.c_proj for i, block in enumerate(blocks)},
        {str(i): block.mlp for i, block in enumerate(blocks)},
        (model.transformer.wpe,),
        False,
        model.config.n_head,
    )


def rotary(model: Any) -> Anatomy:
    """LLaMA and its like: positions turn queries and keys."""
    return Anatomy(
        {str(i): layer.self_attn.o_proj for i, layer in enumerate(model.model.layers)},
        {str(i): layer.mlp for i, layer in enumerate(model.model.layers)},
        (model.model.rotary_emb,),
        True,
        model.config.num_attention_heads,
    )


def bert(model: Any) -> Anatomy:
    """BERT: learnt positions, norm behind each part."""
    layers = model.bert.encoder.layer
    return Anatomy(
        {str(i): layer.attention.output.dense for i, layer in enumerate(layers)},
        {str(i): layer.output.dense for i, layer in enumerate(layers)},
        (model.bert.embeddings.position_embeddings,),
        False,
        model.config.num_attention_heads,
    )


def t5(model: Any) -> Anatomy:
    """T5: two stacks, a second attention in the decoder, positions as a bias by distance."""
    mixing, feeding = {}, {}
    for name, stack in (("encoder", model.encoder), ("decoder", model.decoder)):
        for i, block in enumerate(stack.block):
            mixing[f"{name}.{i}"] = block.layer[0].SelfAttention.o
            feeding[f"{name}.{i}"] = block.layer[-1].DenseReluDense
            if name == "decoder":
                mixing[f"cross.{i}"] = block.layer[1].EncDecAttention.o
    stacks = (model.encoder, model.decoder)
    placing = tuple(s.block[0].layer[0].SelfAttention.relative_attention_bias for s in stacks)
    return Anatomy(mixing, feeding, placing, False, model.config.num_heads)


@contextmanager
def switched_off(anatomy: Anatomy, part: Part | None) -> Iterator[None]:
    """Run the model without one part; None leaves all on.

    A head's output becomes 0 before the matrix that mixes the heads; of a whole attention layer
    all heads' do, and the matrix's constant, if it has one, stays. A feed-forward layer adds 0.
    Learnt positions and T5's biases become 0; rotary ones put every token at position 0.
    """
    hooks = list(hang(anatomy, part)) if part else []
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def hang(anatomy: Anatomy, part: Part) -> Iterator[Any]:
    """The hooks that switch a part off."""
    if part.kind == "positions":
        for module in anatomy.placing:
            if anatomy.rotary:
                yield module.register_forward_pre_hook(at_zero, with_kwargs=True)
            else:
                yield module.register_forward_hook(nothing)
    elif part.kind == "feed-forward":
        yield anatomy.feeding[part.layer].register_forward_hook(nothing)
    else:
        module = anatomy.mixing[part.layer]
        yield module.register_forward_pre_hook(without(part.head, anatomy.heads))


def nothing(module: nn.Module, given: Any, made: Tensor) -> Tensor:
    """Zeros in place of what a module made."""
    return torch.zeros_like(made)


def at_zero(module: nn.Module, given: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Every token at position 0; some models name the positions, some give them second."""
    if "position_ids" in named:
        return given, named | {"position_ids": torch.zeros_like(named["position_ids"])}
    stream, positions, *rest = given
    return (stream, torch.zeros_like(positions), *rest), named


def without(head: int | None, heads: int) -> Callable[[nn.Module, tuple[Tensor]], tuple[Tensor]]:
    """Zeros in place of a head's output, or of all heads'."""

    def hook(module: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
        mixed = given[0].clone()
        width = mixed.shape[-1] // heads
        if head is None:
            mixed.zero_()
        else:
            mixed[..., head * width : (head + 1) * width] = 0
        return (mixed,)

    return hook

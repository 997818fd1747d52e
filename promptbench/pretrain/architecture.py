"""From layers, heads and width to a transformer: sizes in, a model with random weights out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from promptbench.error import InputError

Arch = Literal["gpt2", "llama", "t5", "bert"]
ARCHITECTURES: tuple[Arch, ...] = get_args(Arch)

# Our own engine is checked on a prompt of twelve tokens, and labels stand behind a prompt.
MIN_CONTEXT, MAX_CONTEXT = 32, 8192
MAX_LAYERS, MAX_DIM = 48, 4096


@dataclass(frozen=True, slots=True)
class Shape:
    """A transformer's sizes. `dim` is the width of the residual stream, `context` is in tokens.

    A T5 has `layers` in its encoder and as many in its decoder.
    """

    arch: Arch
    layers: int = 4
    heads: int = 4
    dim: int = 256
    context: int = 256


def check_shape(shape: Shape) -> None:
    """Raises InputError for sizes that no transformer can have, or that are no tiny one's."""
    bounds = {
        "layers": (shape.layers, 1, MAX_LAYERS),
        "heads": (shape.heads, 1, shape.dim),
        "dim": (shape.dim, 8, MAX_DIM),
        "context": (shape.context, MIN_CONTEXT, MAX_CONTEXT),
    }
    for name, (found, low, high) in bounds.items():
        if not low <= found <= high:
            raise InputError(f"--{name} is {found}", hint=f"It may be {low} to {high:,}.")
    if shape.dim % shape.heads:
        near = shape.heads * max(1, round(shape.dim / shape.heads))
        raise InputError(
            f"--dim {shape.dim} cannot be shared among --heads {shape.heads}",
            hint=f"Every head gets dim / heads numbers: --dim {near} would do.",
        )
    if shape.arch == "llama" and (shape.dim // shape.heads) % 2:
        raise InputError(
            f"a LLaMA's heads turn pairs of numbers, and these have {shape.dim // shape.heads}",
            hint=f"--dim {2 * shape.dim} or half the heads would do.",
        )


def new_model(shape: Shape, tokenizer: Any, seed: int) -> Any:
    """A transformers model with random weights that `seed` alone decides.

    The feed-forward layer is 4 times as wide as the stream (Vaswani et al. 2017, table 3); LLaMA's
    gated one, with three matrices instead of two, 8/3 times (Touvron et al. 2023, section 2.2).
    """
    import torch

    torch.manual_seed(seed)
    makers = {"gpt2": new_gpt2, "llama": new_llama, "t5": new_t5, "bert": new_bert}
    return makers[shape.arch](shape, tokenizer)


def new_gpt2(shape: Shape, tokenizer: Any) -> Any:
    """Learnt positions, layer norm before each part, tied embeddings."""
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(
        GPT2Config(
            n_embd=shape.dim,
            n_layer=shape.layers,
            n_head=shape.heads,
            n_positions=shape.context,
            **ids_of(tokenizer),
        )
    )


def new_llama(shape: Shape, tokenizer: Any) -> Any:
    """Rotary positions, RMS norm, a gated feed-forward; tied embeddings."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            hidden_size=shape.dim,
            intermediate_size=gated_width(shape.dim),
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            max_position_embeddings=shape.context,
            tie_word_embeddings=True,
            **ids_of(tokenizer),
        )
    )


def gated_width(dim: int) -> int:
    """8/3 of the width, up to the next multiple of 32."""
    return -(-8 * dim // 3 // 32) * 32


def new_t5(shape: Shape, tokenizer: Any) -> Any:
    """Encoder and decoder, relative positions, tied embeddings: Raffel et al. 2020, section 2.1."""
    from transformers import T5Config, T5ForConditionalGeneration

    ids = ids_of(tokenizer)
    ids.pop("bos_token_id")
    return T5ForConditionalGeneration(
        T5Config(
            d_model=shape.dim,
            d_kv=shape.dim // shape.heads,
            d_ff=4 * shape.dim,
            num_layers=shape.layers,
            num_heads=shape.heads,
            n_positions=shape.context,
            decoder_start_token_id=ids["pad_token_id"],
            **ids,
        )
    )


def new_bert(shape: Shape, tokenizer: Any) -> Any:
    """Learnt positions, layer norm after each part, a head that fills in masks."""
    from transformers import BertConfig, BertForMaskedLM

    ids = ids_of(tokenizer)
    return BertForMaskedLM(
        BertConfig(
            hidden_size=shape.dim,
            intermediate_size=4 * shape.dim,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            max_position_embeddings=shape.context,
            vocab_size=ids["vocab_size"],
            pad_token_id=ids["pad_token_id"],
        )
    )


def ids_of(tokenizer: Any) -> dict[str, Any]:
    """The size of the vocabulary and the ids of its special tokens."""
    return {
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }

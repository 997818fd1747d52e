"""A GGUF of a few thousand random parameters, whose vocabulary is SentencePiece's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter, LlamaFileType, TokenType

SPECIAL = ["<unk>", "<s>", "</s>"]
WORDS = ["▁", *"abcdefghijklmnopqrstuvwxyz", "▁a", "▁b", "he", "el", "z" * 300]
TOKENS = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *WORDS]
TYPES = [
    TokenType.UNKNOWN,
    *[TokenType.CONTROL] * 2,
    *[TokenType.BYTE] * 256,
    *[TokenType.NORMAL] * len(WORDS),
]
WIDTH, HEADS, SHARED, INNER, CONTEXT = 32, 4, 2, 48, 2048


def write_tiny(path: Path, template: str = "", fill: float | None = None) -> Path:
    """Write it, with a chat template if one is given; `fill` is what all weights are."""
    writer = GGUFWriter(str(path), "llama")
    writer.add_block_count(1)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(SHARED)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_file_type(LlamaFileType.ALL_F32)
    add_vocabulary(writer, template)
    random = np.random.default_rng(5)
    for name, shape in shapes().items():
        weights = random.normal(0, 0.5, shape) if len(shape) > 1 else np.ones(shape)
        weights = weights if fill is None else np.full(shape, fill)
        writer.add_tensor(name, weights.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def add_vocabulary(writer: Any, template: str) -> None:
    """Bytes, letters and a few pairs; a prompt begins with <s>."""
    writer.add_tokenizer_model("llama")
    writer.add_token_list(TOKENS)
    writer.add_token_scores([0.0 if len(token) > 1 else -100.0 for token in TOKENS])
    writer.add_token_types([int(kind) for kind in TYPES])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    if template:
        writer.add_chat_template(template)


def shapes() -> dict[str, tuple[int, ...]]:
    """The tensors of a LLaMA of one layer."""
    narrow = WIDTH // HEADS * SHARED
    return {
        "token_embd.weight": (len(TOKENS), WIDTH),
        "output.weight": (len(TOKENS), WIDTH),
        "output_norm.weight": (WIDTH,),
        "blk.0.attn_norm.weight": (WIDTH,),
        "blk.0.attn_q.weight": (WIDTH, WIDTH),
        "blk.0.attn_k.weight": (narrow, WIDTH),
        "blk.0.attn_v.weight": (narrow, WIDTH),
        "blk.0.attn_output.weight": (WIDTH, WIDTH),
        "blk.0.ffn_norm.weight": (WIDTH,),
        "blk.0.ffn_gate.weight": (INNER, WIDTH),
        "blk.0.ffn_up.weight": (INNER, WIDTH),
        "blk.0.ffn_down.weight": (WIDTH, INNER),
    }

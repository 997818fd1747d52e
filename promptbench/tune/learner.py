"""A model made ready to learn: loaded, given a head or an adapter, and its loss chosen."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from promptbench.error import ModelError, first_line
from promptbench.model.local.adapter import CONFIG
from promptbench.model.local.checkpoint import Checkpoint
from promptbench.model.local.extent import refuse_oversize
from promptbench.model.local.fit import SEEN
from promptbench.model.local.json_file import read_json
from promptbench.model.local.load import Place, load
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.record import Labels
from promptbench.tune.example import Example
from promptbench.tune.objective import ROWS, Labelled, Objective, Packed, Padded, Written
from promptbench.tune.recipe import Recipe

# The packed loss is used if it agrees with transformers' own to this share.
AGREE = 1e-4


def learner(checkpoint: Checkpoint, recipe: Recipe, labels: Labels | None, device: str) -> Any:
    """The model in fp32, with what the recipe's method adds to it."""
    if recipe.method == "head":
        assert labels is not None
        model = with_head(checkpoint, labels)
    else:
        model = load(checkpoint, Place("cpu", "float32"))
    if recipe.method == "lora":
        model = with_lora(model, recipe, checkpoint)
    return model.to(device)


def with_head(checkpoint: Checkpoint, labels: Labels) -> Any:
    """An encoder under a new classification head. Only the head's tensors may be missing."""
    from transformers import AutoModelForSequenceClassification, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    refuse_oversize(checkpoint, AutoModelForSequenceClassification)
    try:
        model, found = AutoModelForSequenceClassification.from_pretrained(
            str(checkpoint.folder),
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            id2label=dict(enumerate(labels.names)),
            label2id={name: number for number, name in enumerate(labels.names)},
            num_labels=len(labels.names),
            ignore_mismatched_sizes=True,
        )
    except Exception as error:  # transformers raises whatever its parts raise
        raise ModelError(
            f"no classification head can be put on it: {first_line(error)}",
            where=str(checkpoint.folder),
        ) from error
    prefix = f"{model.base_model_prefix}."
    absent = [str(name) for name in found.get("missing_keys") or ()]
    absent += [str(name[0]) for name in found.get("mismatched_keys") or ()]
    gaps = sorted(n for n in absent if n.startswith(prefix) and "pooler" not in n)
    if gaps:
        what = f"{len(gaps)} tensors are missing, such as {gaps[0]}"
        raise ModelError(what, where=str(checkpoint.folder))
    return model


def with_lora(model: Any, recipe: Recipe, checkpoint: Checkpoint) -> Any:
    """The model under a new LoRA adapter on all of its linear layers (Hu et al. 2021)."""
    from peft import LoraConfig, TaskType, get_peft_model

    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=2 * recipe.rank,
        lora_dropout=0.0,
        target_modules="all-linear",
        fan_in_fan_out=checkpoint.architecture == "gpt2",
        # peft 0.19's class for encoder-decoders wants a method that transformers 5 has not.
        task_type=TaskType.CAUSAL_LM if checkpoint.family == "decoder-only" else None,
    )
    with warnings.catch_warnings():
        # peft asks for a property that transformers 5 is about to rename.
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        return get_peft_model(model, config)


def objective_for(
    model: Any, checkpoint: Checkpoint, tokenizer: Tokenizer, examples: Sequence[Example]
) -> Objective:
    """The loss for a model: a decoder is packed if that agrees with transformers on a probe."""
    inner = tokenizer.inner
    padding = inner.pad_token_id if inner.pad_token_id is not None else inner.eos_token_id
    if checkpoint.family == "encoder-decoder":
        return Written(padding)
    if checkpoint.family == "encoder-only":
        return Labelled(padding)
    plain = Padded(padding)
    return Packed() if packs(model, plain, examples) else plain


def packs(model: Any, plain: Padded, examples: Sequence[Example]) -> bool:
    """Whether rows can be packed into one line; switches the model's attention to that if so."""
    longest = max(one.tokens for one in examples)
    window = getattr(model.config, "sliding_window", None)
    if window and longest > window:
        return False
    if not SEEN.issuperset(getattr(model.config, "layer_types", None) or ()):
        return False
    rows = sorted(examples, key=lambda one: one.tokens)[:3]
    was = model.config._attn_implementation
    mode = model.training
    model.eval()
    with torch.inference_mode():
        expected = float(plain.loss(model, rows))
        found = math.nan
        try:
            model.set_attn_implementation(ROWS)
            found = float(Packed().loss(model, rows))
        except (TypeError, ValueError, RuntimeError, AttributeError, KeyError):
            pass  # this architecture takes no packed rows
    agrees = math.isclose(found, expected, rel_tol=AGREE)
    if not agrees:
        model.set_attn_implementation(was)
    model.train(mode)
    return agrees


def write_weights(model: Any, folder: Path, spec: str) -> None:
    """The weights (of an adapter: its own) as safetensors, with their config.

    `spec` is the base's: an adapter names it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(str(folder))
    card = folder / "README.md"  # peft writes an empty model card
    card.unlink(missing_ok=True)
    if (folder / CONFIG).is_file():
        settle_config(folder / CONFIG, spec)


def settle_config(path: Path, spec: str) -> None:
    """Take chance and machine out of an adapter's config: equal trainings shall be equal files.

    peft writes its set of layers in any order, and where the base lay on this disk.
    """
    config = read_json(path)
    config["target_modules"] = sorted(config["target_modules"])
    config["base_model_name_or_path"] = spec.removeprefix("hf:")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")

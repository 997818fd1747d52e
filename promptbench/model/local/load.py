"""Load a checkpoint's weights: a folder, a device and a precision in, a transformers model out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptbench.error import ModelError, choices, first_line
from promptbench.model.local.checkpoint import Checkpoint
from promptbench.model.local.extent import refuse_oversize
from promptbench.model.protocol import Setup

DEVICES = ("cpu", "cuda")
PRECISIONS = ("float32", "bfloat16", "float16", "int8")
GPU = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how exactly a model computes."""

    device: str
    precision: str


def place_of(setup: Setup) -> Place:
    """The place that a setup asks for, or the best there is. Needs no torch.

    fp32 on a CPU, where it is exact and as fast as anything wider than int8; bfloat16 on a GPU.
    """
    for name, found, known in (
        ("device", setup.device, DEVICES),
        ("precision", setup.precision, PRECISIONS),
    ):
        if found and found not in known:
            raise ModelError(f"there is no {name} '{found}'", hint=choices(found, known))
    device = setup.device or ("cuda" if GPU.exists() else "cpu")
    precision = setup.precision or ("float32" if device == "cpu" else "bfloat16")
    if device == "cuda" and precision == "int8":
        hint = "Take bfloat16 there, or --device cpu."
        raise ModelError("int8 is for the CPU: it is not served on a GPU", hint=hint)
    return Place(device, precision)


def load(checkpoint: Checkpoint, place: Place) -> Any:
    """Load the weights. Raises ModelError if a tensor is missing, or has another shape."""
    import torch
    from transformers import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    stored = "float32" if place.precision == "int8" else place.precision
    refuse_oversize(checkpoint, kind_of(checkpoint))
    try:
        model, found = kind_of(checkpoint).from_pretrained(
            str(checkpoint.folder),
            dtype=getattr(torch, stored),
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # transformers raises whatever its parts raise
        raise ModelError(
            f"the weights cannot be loaded: {first_line(error)}", where=str(checkpoint.folder)
        ) from error
    refuse_gaps(checkpoint, found)
    if checkpoint.adapter is not None:
        from promptbench.model.local.adapter import apply

        model = apply(model, checkpoint.adapter)
    model.eval()
    if place.precision == "int8":
        from promptbench.model.local.int8 import quantise

        quantise(model)
    return moved(model, place)


def kind_of(checkpoint: Checkpoint) -> Any:
    """The class of transformers that a checkpoint is loaded with."""
    import transformers

    if checkpoint.family == "encoder-decoder":
        return transformers.AutoModelForSeq2SeqLM
    if checkpoint.family == "decoder-only":
        return transformers.AutoModelForCausalLM
    if checkpoint.head == "cloze":
        return transformers.AutoModelForMaskedLM
    return transformers.AutoModelForSequenceClassification


def moved(model: Any, place: Place) -> Any:
    """The model on its device. Raises ModelError if this torch cannot use it."""
    if place.device == "cpu":
        return model
    import torch

    if not torch.cuda.is_available():
        raise ModelError(
            "there is a GPU, but this torch cannot use it",
            hint="Install a torch that was built for it, or give --device cpu.",
        )
    return model.to(place.device)


def refuse_gaps(checkpoint: Checkpoint, found: dict[str, Any]) -> None:
    """A tensor that the file lacks would be filled with random numbers: refuse."""
    for kind in ("missing_keys", "mismatched_keys"):
        names = sorted(str(name) for name in found.get(kind) or ())
        if names:
            raise ModelError(
                f"{len(names)} tensors are {kind.removesuffix('_keys')}, such as {names[0]}",
                where=str(checkpoint.folder),
                hint="The weights are not those of the architecture in config.json.",
            )

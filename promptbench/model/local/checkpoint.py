"""Look into a transformers folder without loading it: is it whole, safe, and what is it?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptbench.error import ModelError, choices
from promptbench.model.local.config import Head, family_of, head_of, positions_of
from promptbench.model.local.extent import extent_of, refuse_endless
from promptbench.model.local.foreign import refuse_foreign, shards
from promptbench.model.local.json_file import read_json, refuse_bulk_of
from promptbench.model.local.seal import check_seal
from promptbench.model.protocol import Family

# What can change a model's output. A manifest, a README or an optimizer's state cannot.
COUNTED = {".json", ".jinja", ".model", ".safetensors", ".txt"}
NOT_COUNTED = {"promptbench.json", "trainer_state.json", "all_results.json", "train_results.json"}
# A folder of further chat templates, of which transformers may take one.
TEMPLATES = "additional_chat_templates"
PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl"}
PARTS = "A checkpoint is a transformers folder: config.json, *.safetensors, a tokenizer."
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json", "vocab.txt")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder that can be loaded. `digest` is over every file that can change the output.

    `adapter` is the folder of a LoRA adapter that is added to the weights.
    """

    folder: Path
    config: dict[str, Any]
    digest: str
    parameters: int
    family: Family
    context: int
    adapter: Path | None = None

    @property
    def architecture(self) -> str:
        """Transformers' name of the architecture: llama, gpt2, t5 ..."""
        return str(self.config["model_type"])

    @property
    def tokenizer(self) -> Path:
        """The folder of tokenizer and chat template: an adapter may have those of its training."""
        return self.adapter if self.adapter and has_tokenizer(self.adapter) else self.folder

    @property
    def head(self) -> Head:
        """What an encoder-only checkpoint answers with; "" if it has nothing to answer with."""
        return head_of(self.config)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Check a folder and say what it holds.

    Raises ModelError if it is missing, incomplete or damaged, if its weights are pickles, or if
    it wants to run code of its own.
    """
    if not folder.is_dir():
        raise ModelError(f"there is no folder {folder}", hint=beside(folder))
    config = read_config(folder)
    extents = [extent_of(path) for path in weight_files(folder)]
    parameters = sum(extent.numbers for extent in extents)
    refuse_endless(config, sum(extent.tensors for extent in extents), folder)
    require_tokenizer(folder)
    refuse_bulk_of(path for path in counted_files(folder) if path.suffix != ".safetensors")
    family = family_of(config)
    digest = digest_of(folder)
    check_seal(folder, digest)
    return Checkpoint(folder, config, digest, parameters, family, context_of(config, folder))


def beside(folder: Path) -> str:
    """The folders that do lie there, or how to name a file that does."""
    if folder.is_file() and folder.suffix == ".gguf":
        return f"For a GGUF file write 'gguf:{folder}'."
    if not folder.parent.is_dir():
        return f"There is no {folder.parent} either; `promptbench finetune` writes checkpoints."
    names = [p.name for p in folder.parent.iterdir() if p.is_dir() and p.name[0] != "."]
    return choices(folder.name, names, f"In {folder.parent} there are")


def read_config(folder: Path) -> dict[str, Any]:
    """config.json, which must name a model type and must not bring code."""
    if not (folder / "config.json").is_file():
        raise ModelError("there is no config.json", where=str(folder), hint=PARTS)
    if (folder / "adapter_config.json").is_file():
        raise ModelError(
            "the folder holds a whole model and an adapter: which of them is meant?",
            where=str(folder),
            hint="Put the adapter (adapter_config.json, adapter_model.safetensors) into a folder of"
            " its own.",
        )
    config = read_json(folder / "config.json")
    refuse_foreign(config, folder)
    if not isinstance(config.get("model_type"), str):
        raise ModelError(
            "config.json names no model_type",
            where=str(folder),
            hint='It must say what the model is, as in "model_type": "llama".',
        )
    return config


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files, all that the index names."""
    index = folder / "model.safetensors.index.json"
    found = sorted(folder.glob("*.safetensors"))
    if index.is_file():
        missing = [n for n in shards(read_json(index), folder) if not (folder / n).is_file()]
        if missing:
            what = f"weights are missing: {', '.join(missing)}"
            raise ModelError(what, where=str(folder), hint="Copy the checkpoint again.")
    if not found:
        pickles = sorted(p.name for p in folder.iterdir() if p.suffix in PICKLES)
        if pickles:
            raise ModelError(
                f"the weights are pickles ({pickles[0]}), which can run code when opened",
                where=str(folder),
                hint="Convert them: load in a place you trust, then save_pretrained() there.",
            )
        raise ModelError("there are no *.safetensors weights", where=str(folder), hint=PARTS)
    return found


def require_tokenizer(folder: Path) -> None:
    """Raise ModelError unless there is one."""
    if not has_tokenizer(folder):
        raise ModelError(
            "there is no tokenizer",
            where=str(folder),
            hint=f"One of {', '.join(TOKENIZERS)} belongs beside the weights.",
        )


def has_tokenizer(folder: Path) -> bool:
    """Whether there is some file that a tokenizer can be made from."""
    return any((folder / name).is_file() for name in TOKENIZERS)


def has_template(folder: Path) -> bool:
    """Whether the tokenizer has a chat template: without one, a prompt's text goes in as it is."""
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    path = folder / "tokenizer_config.json"
    return path.is_file() and bool(read_json(path).get("chat_template"))


def digest_of(folder: Path) -> str:
    """SHA-256 over names and contents of the files that can change the output."""
    templates = sorted((folder / TEMPLATES).glob("*.jinja"))
    with ThreadPoolExecutor(max_workers=4) as pool:
        digests = list(pool.map(file_digest, [*counted_files(folder), *templates]))
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def counted_files(folder: Path) -> Iterator[Path]:
    """The files under the digest, in the order of their names."""
    for path in sorted(folder.iterdir()):
        if path.suffix in COUNTED and path.name not in NOT_COUNTED and path.is_file():
            yield path


def file_digest(path: Path) -> str:
    """A file's name and SHA-256."""
    with path.open("rb") as file:
        return f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}"


def context_of(config: dict[str, Any], folder: Path) -> int:
    """How many tokens fit: the config's positions, or the tokenizer's limit; 0 for no limit."""
    if positions := positions_of(config):
        return positions
    path = folder / "tokenizer_config.json"
    limit = read_json(path).get("model_max_length") if path.is_file() else None
    return int(limit) if isinstance(limit, int | float) and limit < 10_000_000 else 0

"""A LoRA adapter: a folder that changes the weights of a base model, checked before it is used."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from promptbench.error import ModelError, first_line
from promptbench.model.local.checkpoint import (
    Checkpoint,
    counted_files,
    file_digest,
    has_tokenizer,
)
from promptbench.model.local.json_file import read_json
from promptbench.model.local.lora import settle

CONFIG = "adapter_config.json"
MANIFEST = "promptbench.json"
WEIGHTS = "adapter_model.safetensors"
AGAIN = "Train it again, or copy the folder again."


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter and no model of its own."""
    return (folder / CONFIG).is_file() and not (folder / "config.json").is_file()


def base_of(folder: Path) -> str:
    """The spec of the model that an adapter was trained on.

    An adapter of ours says it in promptbench.json, others in adapter_config.json: a folder, or a
    name on the Hugging Face hub.
    """
    spec = trained_on(folder).get("spec")
    if spec is None:
        name = read_json(folder / CONFIG).get("base_model_name_or_path")
        spec = f"hf:{name}" if name and not Path(str(name)).is_dir() else name
    if not isinstance(spec, str) or not spec:
        raise ModelError("the adapter does not say which model it is for", where=str(folder))
    return spec


def trained_on(folder: Path) -> dict[str, Any]:
    """What the manifest of an adapter of ours says of its base; empty for another's."""
    manifest = folder / MANIFEST
    said = read_json(manifest).get("base") if manifest.is_file() else None
    return said if isinstance(said, dict) else {}


def with_adapter(base: Checkpoint, folder: Path) -> Checkpoint:
    """The base's checkpoint under an adapter: its digest is over both.

    Raises ModelError for an adapter that is no LoRA, is a pickle, or was trained on other weights.
    """
    check_adapter(folder)
    refuse_other_base(base, folder)
    parts = [base.digest, *map(file_digest, files_of(folder))]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return replace(base, digest=digest, adapter=folder)


def check_adapter(folder: Path) -> None:
    """What can be said of an adapter without its base. Raises ModelError."""
    config = read_json(folder / CONFIG)
    if config.get("peft_type") != "LORA":
        what = f"the adapter is of type {config.get('peft_type')}; LORA is served"
        raise ModelError(what, where=str(folder))
    if config.get("megatron_config"):
        what = "the adapter wants to import a package of its choice (megatron_core): refused"
        raise ModelError(what, where=str(folder))
    if not (folder / WEIGHTS).is_file():
        pickled = (folder / "adapter_model.bin").is_file()
        what = "the adapter has no weights"
        if pickled:
            what = "the adapter's weights are a pickle, which can run code when opened"
        raise ModelError(what, where=str(folder), hint=f"{WEIGHTS} belongs there.")


def files_of(folder: Path) -> list[Path]:
    """What of an adapter can change the output: a tokenizer of its own, too, where it has one."""
    files = [folder / CONFIG, folder / WEIGHTS]
    if has_tokenizer(folder):
        files += [path for path in counted_files(folder) if path not in files]
    return files


def refuse_other_base(base: Checkpoint, folder: Path) -> None:
    """An adapter of ours knows the digest of the weights that it was trained on."""
    said = trained_on(folder)
    if said.get("digest") not in (None, base.digest):
        raise ModelError(
            f"the adapter was trained on other weights than those of '{said.get('spec')}' now",
            where=str(folder),
            hint="Train it again on the model as it is, or bring the old weights back.",
        )


def apply(model: Any, folder: Path) -> Any:
    """The model with the adapter's changes added to its weights.

    Raises ModelError unless every tensor of the adapter finds its place, every place finds its
    tensor, and they change something: an adapter that is silently not applied would make a tuned
    model score like its base.
    """
    from peft import PeftConfig, PeftModel, get_peft_model_state_dict
    from safetensors.torch import load_file

    try:
        stored = load_file(folder / WEIGHTS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of missing keys, which are an error below
            config = PeftConfig.from_pretrained(str(folder))
            settle(config, dict(model.named_modules()), stored, folder)
            config.task_type = None  # it decides on methods for generating, of which none is used
            adapted = PeftModel.from_pretrained(model, str(folder), config=config)
            # With embeddings it would look the base up on the Hugging Face hub.
            wanted = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    except ModelError:
        raise
    except Exception as error:  # peft raises whatever its parts raise
        what = f"the adapter does not fit the model: {first_line(error):.200}"
        raise ModelError(what, where=str(folder), hint=AGAIN) from error
    refuse_unmatched(set(stored), set(wanted), folder)
    refuse_idle(stored, folder)
    return adapted.merge_and_unload()


def refuse_unmatched(stored: set[str], wanted: set[str], folder: Path) -> None:
    """Every tensor must have its place, and every place its tensor."""
    for names, what in ((wanted - stored, "lacks"), (stored - wanted, "has no place for")):
        if names:
            example = min(names)
            raise ModelError(
                f"the adapter {what} {len(names)} tensors, such as {example}",
                where=str(folder),
                hint=AGAIN,
            )


def refuse_idle(stored: dict[str, Any], folder: Path) -> None:
    """An adapter whose second factors are all zero changes nothing; one with NaN breaks all."""
    if any(not bool(tensor.isfinite().all()) for tensor in stored.values()):
        what = "the adapter holds numbers that are not finite (NaN or infinity)"
        raise ModelError(what, where=str(folder), hint=AGAIN)
    if not any(bool(t.count_nonzero()) for name, t in stored.items() if "lora_B" in name):
        what = "the adapter changes nothing: all of its second factors are zero"
        raise ModelError(what, where=str(folder), hint=AGAIN)

"""Models that cannot be found, opened or fed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest import MonkeyPatch

from promptbench.model import embedded
from promptbench.model.llama_cpp import library, model
from tests.errors.checkpoint import CONTEXT, write_checkpoint
from tests.errors.workspace import (
    MODEL,
    PROMPT,
    RUN,
    SUITE,
    VALIDATE,
    Entry,
    Prepare,
    command,
    data,
    email,
    suite,
)

NAMED = f"{SUITE}:8"
FOLDER = "/home/you/project/checkpoints/tiny"
SPEC = "./checkpoints/tiny"


def checkpoint(damage: Callable[[Path], object], arguments: tuple[str, ...] = VALIDATE) -> Prepare:
    """The suite's checkpoint, damaged."""

    def prepare(workspace: Path, patch: MonkeyPatch) -> list[str]:
        damage(workspace / MODEL)
        return list(arguments)

    return prepare


def configured(arguments: tuple[str, ...] = VALIDATE, **config: Any) -> Prepare:
    """The suite's checkpoint with other keys in its config.json."""
    return checkpoint(lambda folder: write_checkpoint(folder, **config), arguments)


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def truncated(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def sharded(folder: Path) -> None:
    index = {"weight_map": {"model.norm.weight": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def deeper(folder: Path) -> None:
    write_checkpoint(folder, num_hidden_layers=2)


def overwrite(name: str, text: str) -> Callable[[Path], object]:
    """Other content for one of the checkpoint's files."""
    return lambda folder: (folder / name).write_text(text, encoding="utf-8")


def refusing(folder: Path) -> None:
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["chat_template"] = "{{ raise_exception('Only user and assistant take turns') }}"
    path.write_text(json.dumps(settings), encoding="utf-8")


def offline(workspace: Path, patch: MonkeyPatch) -> list[str]:
    patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(workspace / "hub"))
    return [*VALIDATE, "--model", "hf:HuggingFaceTB/SmolLM2-360M-Instruct"]


def not_installed(workspace: Path, patch: MonkeyPatch) -> list[str]:
    patch.setenv("PROMPTBENCH_CACHE", str(workspace / "cache"))
    patch.setattr(embedded, "weights_path", lambda model: None)
    return suite(SPEC, "smollm2")(workspace, patch)


def damaged_wheel(workspace: Path, patch: MonkeyPatch) -> list[str]:
    weights = workspace / "SmolLM2-135M-Instruct.Q4_1.gguf"
    weights.write_bytes(b"GGUF")
    patch.setenv("PROMPTBENCH_CACHE", str(workspace / "cache"))
    patch.setattr(embedded, "weights_path", lambda model: weights)
    return suite(SPEC, "smollm2")(workspace, patch)


def without_llama_cpp(workspace: Path, patch: MonkeyPatch) -> list[str]:
    (workspace / "tiny.gguf").write_bytes(b"GGUF")
    patch.setitem(sys.modules, "llama_cpp", None)
    patch.setattr(library, "library", library.library.__wrapped__)
    patch.setattr(model, "library", library.library)
    return unknown("gguf:./tiny.gguf")(workspace, patch)


def unknown(spec: str) -> Prepare:
    """The suite with another model."""
    return suite(SPEC, spec)


ENTRIES = [
    Entry("unknown-model", "misspelt a model", unknown("smolm2"), NAMED),
    Entry("hub-id-without-hf", "named a hub model without `hf:`", unknown("org/name"), NAMED),
    Entry("bad-hub-id", "named a hub model without its owner", unknown("hf:name"), NAMED),
    Entry("unknown-backend", "named a backend that there is not", unknown("hff:org/name"), NAMED),
    Entry(
        "checkpoint-by-name",
        "named a checkpoint without its folder",
        command("run", SUITE, "--model", "tiny"),
    ),
    Entry(
        "unknown-model-option",
        "misspelt a model on the command line",
        command("run", SUITE, "--model", "smollm"),
    ),
    Entry(
        "missing-checkpoint",
        "named a checkpoint folder that is not there",
        unknown("./checkpoints/tyni"),
        NAMED,
    ),
    Entry(
        "no-config",
        "named a folder without config.json",
        checkpoint(lambda folder: (folder / "config.json").unlink()),
        FOLDER,
    ),
    Entry(
        "broken-config",
        "broke config.json",
        checkpoint(overwrite("config.json", "{")),
        f"{FOLDER}/config.json:1",
    ),
    Entry(
        "no-model-type",
        "gave a config.json that names no architecture",
        checkpoint(overwrite("config.json", "{}")),
        FOLDER,
    ),
    Entry(
        "unknown-architecture",
        "gave a checkpoint of an architecture that transformers does not know",
        configured(model_type="lama", arguments=RUN),
        FOLDER,
    ),
    Entry(
        "no-weights",
        "named a checkpoint without weights",
        checkpoint(lambda folder: (folder / "model.safetensors").unlink()),
        FOLDER,
    ),
    Entry("pickles", "named a checkpoint of pickles", checkpoint(pickled), FOLDER),
    Entry(
        "remote-code",
        "named a checkpoint that brings code of its own",
        configured(auto_map={"AutoModelForCausalLM": "modeling.Model"}),
        FOLDER,
    ),
    Entry("truncated", "copied the weights only in part", checkpoint(truncated), FOLDER),
    Entry("missing-shard", "copied one of two weight files", checkpoint(sharded), FOLDER),
    Entry(
        "no-tokenizer",
        "left out the tokenizer",
        checkpoint(lambda folder: (folder / "tokenizer.json").unlink()),
        FOLDER,
    ),
    Entry(
        "broken-tokenizer",
        "broke tokenizer.json",
        checkpoint(overwrite("tokenizer.json", '{"version": "1.0"')),
        FOLDER,
    ),
    Entry(
        "other-architecture",
        "put the weights of one model beside the config of another",
        checkpoint(deeper, RUN),
        FOLDER,
    ),
    Entry(
        "encoder-only",
        "asked an encoder-only model to generate",
        configured(model_type="bert", architectures=["BertModel"]),
        FOLDER,
    ),
    Entry(
        "refusing-chat-template",
        "gave a model messages that its chat template refuses",
        checkpoint(refusing),
        FOLDER,
    ),
    Entry(
        "missing-gguf", "named a GGUF file that is not there", unknown("gguf:./tiny.gguf"), NAMED
    ),
    Entry(
        "no-llama-cpp",
        "named a GGUF file without llama-cpp-python",
        without_llama_cpp,
        NAMED,
    ),
    Entry("offline", "named a hub model while offline (`HF_HUB_OFFLINE=1`)", offline),
    Entry("not-installed", "named `smollm2` before it was installed", not_installed, NAMED),
    Entry("damaged-wheel", "installed a damaged `smollm2`", damaged_wheel, NAMED),
    Entry(
        "too-long",
        "gave a case that does not fit the model",
        data(email(1), email(2, body="word " * CONTEXT)),
        PROMPT,
    ),
    Entry(
        "unknown-pull",
        "asked to fetch a model that there is not",
        command("models", "pull", "smollm3"),
    ),
]

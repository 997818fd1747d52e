"""Mistakes in what is to be trained, and adapters that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest import MonkeyPatch

from tests.errors.workspace import (
    SUITE,
    VALIDATE,
    Entry,
    Prepare,
    command,
    email,
    file,
    lines,
    put,
    suite,
)

TRAIN = ("finetune", SUITE)
ROWS = "suites/email/train.jsonl"
ADAPTER = "checkpoints/adapter"


def rows(*found: dict[str, Any]) -> Prepare:
    """Other cases to train on."""
    return file(ROWS, lines(*found), TRAIN)


def adapter(*arguments: str, weights: str = "adapter_model.safetensors", **more: Any) -> Prepare:
    """A command on a folder that looks like an adapter; `more` is its manifest and its config."""
    said = {"base": {"spec": "./checkpoints/tiny", "digest": "0" * 64}} | more
    kind = {"peft_type": said.pop("kind", "LORA")}

    def prepare(workspace: Path, patch: MonkeyPatch) -> list[str]:
        put(workspace, f"{ADAPTER}/adapter_config.json", json.dumps(kind))
        put(workspace, f"{ADAPTER}/promptbench.json", json.dumps(said))
        put(workspace, f"{ADAPTER}/{weights}", "")
        return [*arguments, "--model", f"./{ADAPTER}"]

    return prepare


ENTRIES = [
    Entry(
        "train-no-split",
        "trained on a suite without a train split",
        suite("  train: email/train.jsonl\n", "", TRAIN),
        SUITE,
    ),
    Entry(
        "train-unknown-prompt",
        "misspelt the prompt to train on",
        command(*TRAIN, "--prompt", "plian"),
        SUITE,
    ),
    Entry(
        "train-unknown-method",
        "asked for a classification head on a model that writes",
        command(*TRAIN, "--method", "head"),
    ),
    Entry(
        "train-bad-name",
        "gave a checkpoint a name that leads out of its folder",
        command(*TRAIN, "--name", "../mine"),
    ),
    Entry("train-adapter", "trained an adapter further", adapter(*TRAIN)),
    Entry(
        "train-no-reference",
        "trained on a case without a reference",
        rows(email(4, references=[])),
    ),
    Entry(
        "train-empty-reference",
        "trained on a case whose reference is empty",
        rows(email(4, references=[" "])),
    ),
    Entry(
        "train-too-long",
        "trained on a case that does not fit the model",
        rows(email(4, body="word " * 600)),
    ),
    Entry("adapter-other-kind", "named an adapter of another kind", adapter(*VALIDATE, kind="IA3")),
    Entry(
        "adapter-pickled",
        "named an adapter whose weights are a pickle",
        adapter(*VALIDATE, weights="adapter_model.bin"),
    ),
    Entry(
        "adapter-other-base",
        "named an adapter whose model has changed since",
        adapter(*VALIDATE),
    ),
    Entry(
        "adapter-no-base",
        "named an adapter whose model is not there",
        adapter(*VALIDATE, base={"spec": "./checkpoints/gone"}),
    ),
]

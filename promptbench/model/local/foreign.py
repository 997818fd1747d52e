"""What a checkpoint's JSON must not ask for: code to run, or weights from somewhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from promptbench.error import ModelError

KNOWN = "Use a checkpoint of an architecture that transformers itself knows."


def refuse_foreign(config: Mapping[str, Any], folder: Path) -> None:
    """Raise ModelError for a config.json that leads out of its folder, or into code."""
    for key, value in every(config):
        if key == "auto_map":
            what = "the checkpoint wants to run Python code of its own (auto_map), which is refused"
            raise ModelError(what, where=str(folder), hint=KNOWN)
        if key.endswith("attn_implementation") and "/" in str(value):
            what = f"the checkpoint wants to run a kernel of the hub ({value!s:.60}): refused"
            raise ModelError(what, where=str(folder), hint=f"Take `{key}` out of config.json.")
        if key == "transformers_weights":
            what = f"config.json wants its weights from {value!s:.60}, not from *.safetensors here"
            raise ModelError(what, where=str(folder), hint=f"Take `{key}` out of config.json.")


def every(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth: a part of a model has a config of its own."""
    waiting = [value]
    while waiting:
        held = waiting.pop()
        if isinstance(held, dict):
            yield from held.items()
            waiting += held.values()
        elif isinstance(held, list):
            waiting += held


def shards(index: Mapping[str, Any], folder: Path) -> list[str]:
    """The files that an index names: whatever lies elsewhere would not be under the digest."""
    places = index.get("weight_map")
    named = sorted({str(name) for name in places.values()}) if isinstance(places, dict) else []
    for name in named:
        if Path(name).name != name or not name.endswith(".safetensors"):
            what = (
                f"the index of the weights names {name!r:.80}, which is no *.safetensors file here"
            )
            raise ModelError(what, where=str(folder), hint="Copy the checkpoint again.")
    return named

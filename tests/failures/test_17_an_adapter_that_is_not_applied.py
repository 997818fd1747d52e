"""An adapter whose tensors find no place is left out in silence: the tuned model is its base."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from promptbench.error import ModelError
from tests.failures.scene import in_words, texts
from tests.model.test_adapter import write_adapter
from tests.run.workspace import Workspace

Tensors = dict[str, Any]


def lose(tensors: Tensors) -> None:
    """Take one tensor away."""
    del tensors[min(tensors)]


def add(tensors: Tensors) -> None:
    """Add one that belongs nowhere."""
    name = min(tensors)
    tensors[name.replace("layers.0", "layers.9")] = tensors[name].clone()


def rename(tensors: Tensors) -> None:
    """Name all of them as another version of a library would."""
    for name in list(tensors):
        tensors[name.replace("self_attn", "attention")] = tensors.pop(name)


def empty(tensors: Tensors) -> None:
    """Leave an adapter that was never trained."""
    for name in tensors:
        tensors[name] = tensors[name] * ("lora_B" not in name)


def test_an_adapter_changes_what_its_base_writes(workspace: Workspace):
    in_words(workspace)
    write_adapter(workspace.folder, "llama")
    base = workspace.run(models=("./base",), prompts=("plain",))
    tuned = workspace.run(models=("./adapter",), prompts=("plain",))
    same = texts(workspace, base.run_id) == texts(workspace, tuned.run_id)
    assert not same, "the tuned model writes what its base does"


@pytest.mark.parametrize("damage", [lose, add, rename, empty])
def test_one_that_would_not_be_applied_is_refused(
    workspace: Workspace, damage: Callable[[Tensors], None]
):
    write_adapter(workspace.folder, "llama")
    file: Path = workspace.folder / "adapter" / "adapter_model.safetensors"
    tensors = load_file(file)
    damage(tensors)
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match="the adapter"):
        workspace.run(models=("./adapter",))

"""A cache that knows a model by its name takes a changed checkpoint for the one before it."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import copytree

from tests.failures.scene import in_words
from tests.model.tiny import write_tiny
from tests.run.workspace import Workspace


def flip_one_bit(weights: Path) -> None:
    """Change a weight. Neither the file's size nor its date tells of it."""
    before = weights.stat()
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_checkpoint_with_one_bit_flipped_is_another_model(workspace: Workspace):
    in_words(workspace)
    folder = write_tiny(workspace.folder / "model", "llama")
    workspace.run(models=("./model",))
    flip_one_bit(folder / "model.safetensors")
    assert workspace.run(models=("./model",)).reused == 0


def test_the_name_of_a_folder_says_nothing_of_the_weights_in_it(workspace: Workspace):
    in_words(workspace)
    write_tiny(workspace.folder / "may" / "model", "llama")
    write_tiny(workspace.folder / "june" / "model", "llama", initializer_range=0.5)
    copytree(workspace.folder / "may" / "model", workspace.folder / "copy")
    workspace.run(models=("./may/model",))
    assert workspace.run(models=("./june/model",)).reused == 0
    assert workspace.run(models=("./copy",)).reused == 12

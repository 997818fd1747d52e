"""Row 2: a cache keyed by a model's name, while the folder was overwritten or is another one."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import copytree

import pytest

from tests.run.workspace import Workspace


@pytest.fixture
def tuned(workspace: Workspace, llama_folder: Path) -> Path:
    """A checkpoint in the workspace, which its suite runs in two cases."""
    folder = Path(copytree(llama_folder, workspace.folder / "checkpoints" / "tuned"))
    workspace.edit("suites/mail.yaml", "fake:a", "./checkpoints/tuned")
    workspace.edit("suites/mail.yaml", "max_tokens: 16", "max_tokens: 2")
    return folder


def test_one_flipped_byte_of_the_weights_is_a_miss(workspace: Workspace, tuned: Path):
    assert workspace.run(limit=1).generated == 2
    assert workspace.run(limit=1).generated == 0
    weights = tuned / "model.safetensors"
    stamp = weights.stat()
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    os.utime(weights, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # a copy may keep its date
    assert workspace.run(limit=1).generated == 2


def test_the_same_files_under_another_name_are_a_hit(workspace: Workspace, tuned: Path):
    workspace.run(limit=1)
    tuned.rename(tuned.parent / "renamed")
    again = workspace.run(limit=1, models=("./checkpoints/renamed",))
    assert again.generated == 0

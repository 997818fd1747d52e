"""What tests of trainings share: tiny models, a toy suite."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from tests.model.tiny import write_tiny
from tests.run.workspace import Workspace
from tests.tune.thread import one_thread
from tests.tune.toy import write_toy

__all__ = ["one_thread"]

# Weights small enough to learn from: tests of the engine take larger ones, for varied outputs.
SETTINGS = {
    "llama": {"initializer_range": 0.1},
    "mistral": {"initializer_range": 0.1},
    "qwen2": {"initializer_range": 0.1},
    "gpt2": {"initializer_range": 0.1},
    "t5": {"initializer_factor": 0.3, "dropout_rate": 0.0},
}


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model of each kind; a test that changes one takes a copy."""
    place = tmp_path_factory.mktemp("bases")
    return {kind: write_tiny(place / kind, kind, **more) for kind, more in SETTINGS.items()}


@pytest.fixture
def toy(bases: dict[str, Path], tmp_path: Path) -> Workspace:
    """The toy suite with a tiny LLaMA of the test's own as its base."""
    workspace = write_toy(tmp_path / "toy")
    copytree(bases["llama"], workspace.folder / "checkpoints" / "base")
    return workspace

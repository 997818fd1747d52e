from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
import torch

from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from tests.model.tiny import KINDS, write_tiny


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny matrices are not worth a second thread, least of all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model of each kind. A test that changes one takes `folder`."""
    place = tmp_path_factory.mktemp("tiny")
    return {kind: write_tiny(place / kind, kind) for kind in KINDS}


@pytest.fixture
def folder(folders: dict[str, Path], tmp_path: Path) -> Path:
    """A tiny LLaMA of the test's own."""
    return Path(copytree(folders["llama"], tmp_path / "llama"))


@pytest.fixture(scope="session")
def opened(folders: dict[str, Path]) -> dict[str, LocalModel]:
    """The tiny models, ready to generate."""
    return {
        kind: LocalModel(f"./{kind}", folder, Setup(folder)) for kind, folder in folders.items()
    }

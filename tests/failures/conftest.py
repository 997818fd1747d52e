"""Tiny real models for the rows that need one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from tests.model.tiny import write_tiny


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny matrices are not worth a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server said of itself is kept there."""
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LLaMA of a few thousand random parameters; not to be changed."""
    return write_tiny(tmp_path_factory.mktemp("failures") / "llama", "llama")


@pytest.fixture(scope="session")
def llama(llama_folder: Path) -> LocalModel:
    """The same, ready to generate."""
    return LocalModel("./llama", llama_folder, Setup(llama_folder))

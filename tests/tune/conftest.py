from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from promptbench.tune.corpus import Corpus, read_corpus
from tests.tune.text import write_texts


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny matrices are not worth a second thread, least of all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small texts."""
    return write_texts(tmp_path_factory.mktemp("texts"))


@pytest.fixture(scope="session")
def corpus(texts: Path) -> Corpus:
    """What is read from them."""
    return read_corpus(texts)

"""What tests of models from nothing share: a folder of texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.pretrain.corpus import Corpus, read_corpus
from tests.pretrain.text import write_texts
from tests.tune.thread import one_thread

__all__ = ["one_thread"]


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small texts."""
    return write_texts(tmp_path_factory.mktemp("texts"))


@pytest.fixture(scope="session")
def corpus(texts: Path) -> Corpus:
    """What is read from them."""
    return read_corpus(texts)

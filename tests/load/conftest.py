"""A workspace with the fake model in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.model.spec import BACKENDS
from tests.fake import FakeBackend
from tests.run.workspace import Workspace, write_workspace


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeBackend:
    """The fake model, registered for a test."""
    backend = FakeBackend()
    monkeypatch.setitem(BACKENDS, "fake", backend)
    return backend


@pytest.fixture
def workspace(tmp_path: Path, fake: FakeBackend) -> Workspace:
    """Two prompts, six cases."""
    return write_workspace(tmp_path)

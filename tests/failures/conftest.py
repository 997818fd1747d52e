from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.model.remote import client


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known of servers is the test's own, and nothing waits to ask one again."""
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(client, "pause", lambda attempt, asked, draw: 0.0)

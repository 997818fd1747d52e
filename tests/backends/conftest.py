"""Backends that are the fake model, measured by processes that know it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from promptbench.backends import measure, workflow
from promptbench.backends.backend import Backend, Found, Missing
from promptbench.run.job import Watcher
from tests.fake import FakeBackend
from tests.run.workspace import Notes

ROOT = Path(__file__).parents[2]
FIRST = Backend("one", "fake:a", "float32, 5 MB")
SECOND = Backend("two", "fake:b", "Q4_1, 1 MB")


class Kept:
    """Remembers what the watchers of a comparison were told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.runs: list[Notes] = []

    def note(self, message: str) -> None:
        """See Watchers."""
        self.notes.append(message)

    def run(self) -> Watcher:
        """See Watchers."""
        self.runs.append(Notes())
        return self.runs[-1]


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes know the fake model."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = (sys.executable, "-m", "tests.backends.fake_child")
    monkeypatch.setattr(measure, "COMMAND", command)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch, children: None, fake: FakeBackend) -> FakeBackend:
    """Two backends, and a third that cannot be had."""
    found = Found((FIRST, SECOND), (Missing("three", "it is not installed"),), ("A note.",))
    monkeypatch.setattr(workflow, "find_backends", lambda spec, options, setup: found)
    return fake

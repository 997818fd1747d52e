"""Fixtures for all tests: the fake model under `fake:`, and a small workspace that uses it."""

from __future__ import annotations

import csv
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from promptbench.model.spec import BACKENDS
from tests.browser import CHROMIUM, Tab, chromium, tab_of
from tests.fake import FakeBackend
from tests.run.workspace import Workspace, write_workspace

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def csv_limit() -> Iterator[None]:
    """Reading a table sets a limit that is the whole process's."""
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeBackend:
    """The fake model's backend, registered for one test."""
    backend = FakeBackend()
    monkeypatch.setitem(BACKENDS, "fake", backend)
    return backend


@pytest.fixture
def workspace(tmp_path: Path, fake: FakeBackend) -> Workspace:
    """A workspace whose suite runs on the fake model."""
    return write_workspace(tmp_path / "workspace")


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_works() -> Iterator[None]:
    """A shell starts what runs in its background deaf to Ctrl-C, and children would be so too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of pages."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH")
    with chromium() as started:
        yield started


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A fresh tab, 1280 pixels wide."""
    with tab_of(browser) as opened:
        yield opened

"""A command line to ask: arguments in; exit code, stdout and stderr out."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from promptbench.cli.main import outcome
from tests.run.workspace import Workspace


@dataclass(frozen=True)
class Reply:
    """What a command came to."""

    code: int
    out: str
    err: str


Ask = Callable[..., Reply]


@pytest.fixture
def ask(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ask:
    """Run a command in the workspace's folder, in this process."""
    monkeypatch.chdir(workspace.folder)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)

    def asked(*arguments: str | os.PathLike[str]) -> Reply:
        capsys.readouterr()
        code = outcome([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return Reply(code, told.out, told.err)

    return asked

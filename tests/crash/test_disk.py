"""A disk that fills up: a clear error, every earlier row intact, and the same command goes on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.crash.killed import sound, stored
from tests.crash.mount import fill
from tests.fake import FakeBackend
from tests.run.workspace import Workspace, email, write_workspace

COMMAND = ("run", "suites/mail.yaml", "--json")
# From nothing to more than a run with its report needs.
LEVELS = [level * 160 * 1024 for level in range(30)]
CASES = 40


@pytest.fixture(autouse=True)
def cache_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))


def run(workspace: Workspace) -> tuple[int, str]:
    """The command's exit code, and what it said."""
    with workspace.start(*COMMAND) as process:
        _, err = process.communicate()
    return process.returncode, err


def keys(workspace: Workspace) -> set[str]:
    with workspace.store() as store:
        return {key for (key,) in store.query("SELECT key FROM completion")}


def big(folder: Path) -> Workspace:
    """A workspace whose run needs some hundred kilobytes."""
    workspace = write_workspace(folder)
    workspace.many(*({**email(n), "body": f"Meeting {n}. {'word ' * 400}"} for n in range(CASES)))
    return workspace


@pytest.mark.parametrize(
    "levels",
    [LEVELS[1::28], pytest.param(LEVELS, marks=[pytest.mark.long, pytest.mark.timeout(1500)])],
    ids=len,
)
def test_a_full_disk_is_told_and_loses_nothing(
    tmp_path: Path, disk: Path, fake: FakeBackend, levels: list[int]
):
    whole = big(tmp_path / "whole")
    assert run(whole)[0] == 0
    codes = []
    for level in levels:
        workspace = big(disk / f"level-{level}")
        workspace.run(limit=3)
        before = keys(workspace)
        filler = fill(disk, level)
        code, err = run(workspace)
        codes.append(code)
        filler.unlink()
        if code:
            assert "Traceback" not in err and "bug" not in err
            assert "full" in err or "No space left" in err, err
            assert err.count("error:") == 1
        sound(workspace.folder)
        assert before <= keys(workspace)
        assert run(workspace)[0] == 0
        assert keys(workspace) == keys(whole)
        assert stored(workspace.folder) == stored(whole.folder) + 6
        subprocess.run(["rm", "-r", str(workspace.folder)], check=True)
    assert codes[0] == 3 and codes[-1] == 0, codes
    assert set(codes) == {0, 3}

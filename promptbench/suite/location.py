"""Hold every path that a suite names inside its workspace."""

from __future__ import annotations

from pathlib import Path

from promptbench.error import SuiteError

MARKS = ("prompts", "suites", ".git", "pyproject.toml")


def workspace_of(suite: Path) -> Path:
    """The folder a suite may read from: its nearest ancestor that looks like a project.

    A project holds `prompts/`, `suites/`, `.git` or `pyproject.toml`. Without one it is the
    suite's own folder. The store and the reports lie in the workspace, too.
    """
    folder = suite.resolve().parent
    for ancestor in (folder, *folder.parents):
        if any((ancestor / mark).exists() for mark in MARKS):
            return ancestor
    return folder


def inside(workspace: Path, base: Path, name: str, where: str) -> Path:
    """The real path of `name`, read from `base`. Raises SuiteError if it leaves the workspace."""
    if "\0" in name:
        raise SuiteError("a path cannot hold a NUL character", where=where)
    path = (base / name).resolve()
    if not path.is_relative_to(workspace.resolve()):
        raise SuiteError(
            f"'{name}' leads out of the workspace",
            where=where,
            hint=f"A suite reads only below {workspace}: copy the file there.",
        )
    return path

"""Hold every path that a suite names inside its workspace."""

from __future__ import annotations

from pathlib import Path

from promptbench.error import MOST_NAME, SuiteError, cut

MAX_PATH = 4096  # what Linux takes
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
    if len(name) > MAX_PATH:
        what = f"'{cut(name, MOST_NAME)}' cannot be a path: it has {len(name):,} characters"
        raise SuiteError(what, where=where)
    try:
        path = (base / name).resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        what = f"'{cut(name, MOST_NAME)}' cannot be followed: {error.args[-1]}"
        raise SuiteError(what, where=where) from error
    if not path.is_relative_to(workspace.resolve()):
        raise SuiteError(
            f"'{cut(name, MOST_NAME)}' leads out of the workspace",
            where=where,
            hint=f"A suite reads only below {workspace}: copy the file there.",
        )
    check_usable(path, name, where)
    return path


def check_usable(path: Path, name: str, where: str) -> None:
    """A file need not be there, but its name must be one that a file can have."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        what = f"'{cut(name, MOST_NAME)}' cannot be read: {error.strerror}"
        raise SuiteError(what, where=where) from error

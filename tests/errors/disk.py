"""A store, a report or an output that cannot be read or written."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from pytest import MonkeyPatch

from promptbench.store import connection
from promptbench.store.database import Store
from tests.errors.workspace import (
    DATA,
    PLACEHOLDER,
    RUN,
    Entry,
    Prepare,
    command,
    email,
    lines,
    put,
    run_once,
)

STORE = ".promptbench/store.sqlite"
SHOWN = f"{PLACEHOLDER}/{STORE}"
HELD: dict[str, sqlite3.Connection] = {}


def reports_is_file(workspace: Path, patch: MonkeyPatch) -> list[str]:
    put(workspace, "reports", "a file")
    return list(RUN)


def reports_in_kernel(workspace: Path, patch: MonkeyPatch) -> list[str]:
    # Permission bits do not stop root; the kernel's own folders stop everybody.
    (workspace / "reports").symlink_to("/proc/self")
    return list(RUN)


def report_is_file(workspace: Path, patch: MonkeyPatch) -> list[str]:
    run = run_once()
    (workspace / "reports").rename(workspace / "before")
    put(workspace, f"reports/{run}", "a file")
    return ["report", run]


def folder_is_file(workspace: Path, patch: MonkeyPatch) -> list[str]:
    put(workspace, ".promptbench", "a file")
    return list(RUN)


def full_disk(workspace: Path, patch: MonkeyPatch) -> list[str]:
    """SQLite meets a limit of pages as it meets the end of a disk, and says the same words."""
    begin = Store.begin

    def limited(self: Store, *arguments: Any) -> None:
        begin(self, *arguments)
        (pages,) = self.connection.execute("PRAGMA page_count").fetchone()
        self.connection.execute(f"PRAGMA max_page_count = {pages}")

    patch.setattr(Store, "begin", limited)
    # Long enough that a batch cannot find room in the pages that are there.
    put(workspace, DATA, lines(*(email(number, body="word " * 70) for number in (1, 2, 3))))
    return list(RUN)


def damaged(workspace: Path, patch: MonkeyPatch) -> list[str]:
    put(workspace, STORE, b"not a store" * 1000)
    return list(RUN)


def torn(workspace: Path, patch: MonkeyPatch) -> list[str]:
    run_once()
    path = workspace / STORE
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    return ["runs"]


def newer(workspace: Path, patch: MonkeyPatch) -> list[str]:
    (workspace / STORE).parent.mkdir()
    with sqlite3.connect(workspace / STORE) as store:
        store.execute("PRAGMA user_version = 99")
    store.close()
    return list(RUN)


def locked(workspace: Path, patch: MonkeyPatch) -> list[str]:
    (workspace / STORE).parent.mkdir()
    other = sqlite3.connect(workspace / STORE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    patch.setitem(HELD, "other", other)
    patch.setattr(connection, "BUSY_SECONDS", 0.1)
    return list(RUN)


def after_run(*arguments: str) -> Prepare:
    """A command about the run that was made before it; RUN in it stands for the run's id."""

    def prepare(workspace: Path, patch: MonkeyPatch) -> list[str]:
        run = run_once()
        return [run if argument == "RUN" else argument for argument in arguments]

    return prepare


def cache_is_file(workspace: Path, patch: MonkeyPatch) -> list[str]:
    put(workspace, "cache", "a file")
    patch.setenv("PROMPTBENCH_CACHE", str(workspace / "cache"))
    patch.setattr("promptbench.model.local.convert.require_weights", lambda model: Path("x"))
    patch.setattr("promptbench.model.local.convert.check_weights", lambda model, path: None)
    return [*RUN, "--model", "smollm2"]


ENTRIES = [
    Entry(
        "reports-is-file",
        "put a file where the reports folder belongs",
        reports_is_file,
        f"{PLACEHOLDER}/reports",
        3,
    ),
    Entry(
        "reports-unwritable",
        "linked the reports folder to where nobody may write",
        reports_in_kernel,
        f"{PLACEHOLDER}/reports",
        3,
    ),
    Entry("report-is-file", "put a file where a run's report belongs", report_is_file, "", 3),
    Entry("full-disk", "ran out of disk space during a run", full_disk, SHOWN, 3),
    Entry(
        "full-output",
        "sent the output to a full disk",
        command("schema"),
        code=3,
        stdout="/dev/full",
    ),
    Entry(
        "store-folder-is-file",
        "put a file where the store's folder belongs",
        folder_is_file,
        SHOWN,
        3,
    ),
    Entry("damaged-store", "damaged the store", damaged, SHOWN, 3),
    Entry("torn-store", "lost a part of the store", torn, SHOWN, 3),
    Entry("newer-store", "opened the store of a newer promptbench", newer, SHOWN, 3),
    Entry("locked-store", "ran while another process held the store", locked, SHOWN, 3),
    Entry("no-store", "asked for runs before there was one", command("runs"), SHOWN),
    Entry("unknown-run", "misspelt a run", after_run("report", "email-0000000"), SHOWN),
    Entry(
        "unknown-run-export",
        "exported a run that there is not",
        after_run("export", "summary-1"),
        SHOWN,
    ),
    Entry(
        "export-unwritable",
        "exported to where nobody may write",
        after_run("export", "RUN", "--output", "/proc/emails.csv"),
        "/proc/emails.csv",
        3,
    ),
    Entry(
        "export-to-nowhere",
        "exported into a folder that is not there",
        after_run("export", "RUN", "--output", "tables/emails.csv"),
        "tables/emails.csv",
        3,
    ),
    Entry(
        "export-to-folder",
        "exported onto a folder",
        after_run("export", "RUN", "--output", "reports"),
        "reports",
        3,
    ),
    Entry("cache-unwritable", "put a file where the model cache belongs", cache_is_file, "", 3),
]

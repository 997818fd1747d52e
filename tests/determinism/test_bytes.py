"""Same inputs, same bytes: whatever the process, the machine's settings and the order of files."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from promptbench.run.job import store_path
from tests.fake import FakeBackend
from tests.run.workspace import PROGRAM, Workspace, email, write_workspace

RUN = ("run", "suites/mail.yaml", "--json", "--junit", "gates.xml")
GATES = """\
gates:
  - rougeL >= 0.01
  - mean words <= 0.9 for all
"""
NAMES = ["İstanbul", "straße", "Zürich", "ähnlich", "zebra", "Ångström", "naïve", "Ωmega"]
PLAIN = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
TURKISH = "tr_TR.UTF-8"
NUMBER = "import locale; locale.setlocale(locale.LC_ALL, ''); print(locale.str(0.5))"


def made(folder: Path, *, backwards: bool = False) -> Workspace:
    """The same workspace; with its files made in another order."""
    workspace = write_workspace(folder)
    workspace.many(*({**email(n), "subject": f"{name} {n}"} for n, name in enumerate(NAMES * 3)))
    suite = workspace.suite.read_text(encoding="utf-8").replace(
        "{max_tokens: 16}", "{max_tokens: 16, temperature: 1.0}"
    )
    workspace.write("suites/mail.yaml", suite + "repeats: 2\n" + GATES)
    if not backwards:
        return workspace
    other = Workspace(folder.with_name(f"{folder.name}-backwards"))
    paths = [path for path in folder.rglob("*") if path.is_file()]
    for path in sorted(paths, reverse=True):
        target = other.folder / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return other


def command(workspace: Workspace, settings: Mapping[str, str], *words: str, umask: int = -1) -> str:
    """What a command prints, in a process with these settings."""
    kept = {k: v for k, v in os.environ.items() if k not in ("LANG", "LC_CTYPE", "PYTHONUTF8")}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *words],
        cwd=workspace.folder,
        env=kept | PLAIN | dict(settings) | {"COLUMNS": "100"},
        capture_output=True,
        umask=umask,
    )
    assert done.returncode in (0, 1), done.stderr.decode(errors="replace")  # 1: a gate failed
    return done.stdout.decode("utf-8")


def everything(
    workspace: Workspace, settings: Mapping[str, str], umask: int = -1
) -> dict[str, Any]:
    """All that a run leaves behind, but for when it began and how long it took."""
    printed = command(workspace, settings, *RUN, umask=umask)
    told = json.loads(printed)
    with closing(sqlite3.connect(store_path(workspace.folder))) as opened, opened:
        opened.execute("UPDATE run SET created = '2026-01-02T03:04:05Z', seconds = 1.0")
    run = told["run"]
    report = Path(command(workspace, settings, "report", run).strip())
    found: dict[str, Any] = {
        "report": report.read_bytes(),
        "told": printed.replace(told["report"], ""),
    }
    for kind in ("csv", "jsonl"):
        command(workspace, settings, "export", run, "--format", kind, "--output", f"rows.{kind}")
        found[kind] = (workspace.folder / f"rows.{kind}").read_bytes()
    found["gates"] = (workspace.folder / "gates.xml").read_bytes()
    return found


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return everything(made(tmp_path_factory.mktemp("one") / "workspace"), {})


@pytest.mark.parametrize(
    "settings",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONHASHSEED": "2"},
    ],
    ids=["hash seed and time zone", "an ASCII locale"],
)
def test_settings_of_the_process_change_no_byte(
    tmp_path: Path, wanted: dict[str, Any], settings: dict[str, str]
):
    assert everything(made(tmp_path / "elsewhere" / "deeper"), settings) == wanted


@pytest.fixture(scope="module")
def turkish(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A locale made here: one that is not installed would be the C locale, and test nothing."""
    folder = tmp_path_factory.mktemp("locales")
    compiler = shutil.which("localedef")
    if compiler is None or not Path("/usr/share/i18n/locales/tr_TR").exists():
        pytest.skip("needs localedef and the source of tr_TR (Debian: the package locales)")
    made = [compiler, "-i", "tr_TR", "-f", "UTF-8", str(folder / TURKISH)]
    subprocess.run(made, check=True, capture_output=True)
    return {"LOCPATH": str(folder), "LC_ALL": TURKISH, "LANG": TURKISH, "TZ": "America/St_Johns"}


def test_a_turkish_locale_changes_no_byte(
    tmp_path: Path, wanted: dict[str, Any], turkish: dict[str, str]
):
    python = [sys.executable, "-c", NUMBER]
    assert subprocess.check_output(python, env=os.environ | turkish, text=True) == "0,5\n"
    assert everything(made(tmp_path / "elsewhere"), turkish) == wanted


def test_another_order_of_files_and_another_umask_change_no_byte(
    tmp_path: Path, wanted: dict[str, Any]
):
    assert everything(made(tmp_path / "made", backwards=True), {}, umask=0o077) == wanted


def test_keys_in_another_order_change_nothing_but_the_digest_of_their_file(
    tmp_path: Path, wanted: dict[str, Any]
):
    workspace = made(tmp_path / "keys")
    path = workspace.folder / "suites" / "mail" / "test.jsonl"
    before = path.read_bytes()
    rows = [json.loads(line) for line in before.splitlines()]
    workspace.cases("test", *(dict(reversed(row.items())) for row in rows))
    old, new = (sha256(content).hexdigest().encode() for content in (before, path.read_bytes()))
    found = everything(workspace, {})
    assert old != new and found["report"].count(new) == 1
    assert found | {"report": found["report"].replace(new, old)} == wanted


def test_rows_in_another_order_change_no_figure(tmp_path: Path, fake: FakeBackend):
    first, second = (write_workspace(tmp_path / name) for name in ("first", "second"))
    rows = [email(number) for number in range(40)]
    for workspace in (first, second):
        workspace.edit("suites/mail.yaml", "  - rougeL\n", "  - rougeL\n  - bleu\n")
    first.many(*rows)
    random.Random(3).shuffle(rows)
    second.many(*(dict(sorted(row.items(), reverse=True)) for row in rows))
    one, other = first.run(), second.run()
    assert one.summary == other.summary

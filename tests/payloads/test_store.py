"""A store of a stranger: code in it is not run, by whichever verb it is opened."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from promptbench.cli.main import outcome
from promptbench.error import StoreError
from promptbench.run.job import store_path
from promptbench.store.database import Store
from tests.cost import at_most
from tests.run.workspace import Workspace

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT"
CODE = {
    "a view without an end": f"""ALTER TABLE run RENAME TO was;
        CREATE VIEW run AS {ENDLESS} x AS id, x AS created, x AS status FROM c""",
    "a trigger that changes scores": """CREATE TRIGGER better AFTER INSERT ON score BEGIN
        UPDATE score SET value = 1.0; END""",
    "a trigger without an end": f"""CREATE TRIGGER slow BEFORE INSERT ON completion BEGIN
        {ENDLESS} count(*) FROM c; END""",
    "a trigger under another name": """CREATE TRIGGER "\x1b[2J" AFTER DELETE ON score BEGIN
        SELECT 1; END""",
    "a virtual table": "CREATE VIRTUAL TABLE more USING fts5(text)",
}
VERBS = [("runs",), ("report", "mail"), ("compare", "a", "b"), ("run", "suites/mail.yaml")]


@pytest.fixture
def ran(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace.run()
    monkeypatch.chdir(workspace.folder)
    return workspace


def harmed(workspace: Workspace, code: str) -> Path:
    path = store_path(workspace.folder)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(code)
    return path


def told(*arguments: str) -> tuple[int, str]:
    """Exit code, and what was said of a mistake."""
    err = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(err):
        code = outcome(list(arguments))
    return code, err.getvalue()


@pytest.mark.parametrize("name", CODE)
def test_a_store_with_code_is_not_opened(ran: Workspace, name: str):
    path = harmed(ran, CODE[name])
    for reading in (False, True):
        with at_most(seconds=1, megabytes=50), pytest.raises(StoreError) as caught:
            Store(path, reading=reading)
        assert "a trigger or a view, and promptbench makes none" in str(caught.value)


@pytest.mark.parametrize("arguments", VERBS, ids=" ".join)
def test_every_verb_says_so(ran: Workspace, arguments: tuple[str, ...]):
    harmed(ran, CODE["a trigger under another name"])
    code, message = told(*arguments)
    assert code == 3
    assert message.count("error: ") == 1 and "a trigger or a view" in message
    assert "\x1b[2J" not in message


def test_a_store_of_ours_has_none(ran: Workspace):
    assert told("runs") == (0, "")
    Store(store_path(ran.folder), reading=True).close()


def test_count():
    assert (len(CODE), len(VERBS)) == (5, 4)

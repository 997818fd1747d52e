"""Where an output's tokens end: kept by the store, empty in a store of before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from promptbench.store import connection as module
from promptbench.store.answer import answers, save_answers
from promptbench.store.connection import migrations
from promptbench.store.database import Store
from tests.store.records import CREATED, begin, completion, request, save

WRITTEN = replace(completion("key"), logprobs=(-0.25, -1.5, -0.125), ends=(1, 70_000, 70_000))


def test_ends_come_back_with_outputs_and_answers(tmp_path: Path):
    store = Store(tmp_path / "store.sqlite")
    begin(store)
    save(store, "mail-1", WRITTEN, (0, 0, 0))
    save_answers(store, "mail-1", CREATED, {"key": request("key")}, [WRITTEN])
    assert [done for _, done in store.outputs("mail-1")] == [WRITTEN]
    assert answers(store, "mail-1", ["key"]) == {"key": WRITTEN}
    store.close()


def test_a_store_of_before_opens_and_its_outputs_have_no_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "store.sqlite"
    with monkeypatch.context() as before:
        before.setattr(module, "migrations", lambda: migrations()[:5])
        store = Store(path)
        begin(store)
        store.connection.execute("INSERT INTO request VALUES ('old', 'text', x'', '[]')")
        store.connection.execute(
            "INSERT INTO completion VALUES (1, 'old', ?, 'Said.', 3, 2, 'stop', 0.5, '', x'', x'')",
            (CREATED,),
        )
        store.connection.execute("INSERT INTO sample VALUES ('mail-1', 0, 0, 0, 1)")
        store.close()
    store = Store(path)
    save(store, "mail-1", WRITTEN, (0, 1, 0))
    old, new = [done for _, done in store.outputs("mail-1")]
    assert (old.text, old.logprobs, old.ends) == ("Said.", (), ())
    assert new == WRITTEN
    store.close()

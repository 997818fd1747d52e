"""The prompts of a run, as they were sent."""

from __future__ import annotations

from pathlib import Path

from promptbench.record import Seen
from promptbench.store.database import Store
from promptbench.store.prompt import Prompts
from tests.store.records import begin, completion, request, run, save


def seen(key: str) -> Seen:
    asked = request(key)
    return Seen(key, asked.encoded.text, asked.messages)


def test_each_prompt_of_the_run_comes_once_in_the_order_of_cells(tmp_path: Path):
    store = Store(tmp_path / "store.sqlite")
    begin(store)
    begin(store, run("other-1"))
    save(store, "mail-1", completion("z"), (0, 1, 0), (1, 1, 0))
    save(store, "mail-1", completion("a"), (1, 0, 0))
    save(store, "mail-1", completion("m", "", error="out of memory"), (0, 0, 0))
    save(store, "other-1", completion("foreign"), (0, 0, 0))
    assert list(Prompts(store, "mail-1").values()) == [seen("m"), seen("z"), seen("a")]
    assert Prompts(store, "mail-1").get("nobody") is None
    store.close()

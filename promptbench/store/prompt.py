"""Read the prompts of a run as its models saw them: a run's id in, one prompt a request out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from promptbench.record import Message, Seen
from promptbench.store.code import messages_from
from promptbench.store.database import CHUNK, Store


def prompts(store: Store, run_id: str) -> Iterator[Seen]:
    """The prompts behind a run's outputs, each once, in the order of their cells.

    They are read in chunks as they are asked for: thousands of long ones need not fit in memory.
    """
    sql = """SELECT key FROM sample JOIN completion ON completion.id = completion
             WHERE run = ? ORDER BY candidate, "case", repeat"""
    keys = list(dict.fromkeys(key for (key,) in store.query(sql, (run_id,))))
    for start in range(0, len(keys), CHUNK):
        part = keys[start : start + CHUNK]
        marks = ",".join("?" * len(part))
        rows = store.query(f"SELECT key, text, messages FROM request WHERE key IN ({marks})", part)
        found = {key: Seen(key, text, messages_from(messages)) for key, text, messages in rows}
        yield from (found[key] for key in part)


@dataclass(frozen=True, slots=True)
class Prompts:
    """The prompts of a run, which are read anew each time that one goes through them."""

    store: Store
    run_id: str

    def __iter__(self) -> Iterator[Seen]:
        """Read them."""
        return prompts(self.store, self.run_id)


def messages_of(store: Store, key: str) -> tuple[Message, ...]:
    """The messages of one request; none if it is not stored."""
    for (text,) in store.query("SELECT messages FROM request WHERE key = ?", (key,)):
        return messages_from(text)
    return ()

"""Read prompts as their models saw them: a request's key in, its prompt out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from promptbench.record import Message, Seen
from promptbench.store.code import messages_from
from promptbench.store.database import Store


@dataclass(frozen=True)
class Prompts(Mapping[str, Seen]):
    """The prompts behind a run's outputs by their keys, in the order of their cells.

    Each is read when it is asked for: thousands of long ones need not fit in memory.
    """

    store: Store
    run_id: str

    def __getitem__(self, key: str) -> Seen:
        """Read one."""
        sql = "SELECT text, messages FROM request WHERE key = ?"
        for text, messages in self.store.query(sql, (key,)):
            return Seen(key, text, messages_from(messages))
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        """Give every key once."""
        sql = """SELECT key FROM sample JOIN completion ON completion.id = completion
                 WHERE run = ? ORDER BY candidate, "case", repeat"""
        return iter(dict.fromkeys(key for (key,) in self.store.query(sql, (self.run_id,))))

    def __len__(self) -> int:
        """Count them."""
        return sum(1 for _ in self)


def messages_of(store: Store, key: str) -> tuple[Message, ...]:
    """The messages of one request; none if it is not stored."""
    for (text,) in store.query("SELECT messages FROM request WHERE key = ?", (key,)):
        return messages_from(text)
    return ()

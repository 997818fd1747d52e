from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from promptbench.record import Rating
from promptbench.store.database import Store
from promptbench.store.rating import ratings, save_ratings
from tests.store.records import begin, run

ADA = Rating("Ada", "mail-1", "b", "a", 1, 0, "left", "a note", 1.5, True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.sqlite")
    begin(opened, run(repeats=2))
    yield opened
    opened.close()


def test_ratings_come_back_as_they_were_written(store: Store):
    bob = Rating("Bob", "mail-0", "a", "b", 0, 0, "skip")
    save_ratings(store, {"mail-1": [bob, ADA]})
    assert ratings(store, "mail-1") == (ADA, bob)


def test_what_one_says_later_of_the_same_outputs_counts_whatever_their_sides(store: Store):
    save_ratings(store, {"mail-1": [ADA]})
    later = Rating("Ada", "mail-1", "a", "b", 0, 1, "tie")
    others = [
        Rating("Ada", "mail-1", "a", "b", 0, 0, "left"),
        Rating("Ada", "mail-2", "a", "b", 0, 1, "left"),
        Rating("Bob", "mail-1", "a", "b", 0, 1, "left"),
    ]
    save_ratings(store, {"mail-1": [later, *others]})
    assert set(ratings(store, "mail-1")) == {later, *others}


def test_all_or_nothing(store: Store):
    with pytest.raises(KeyError):
        save_ratings(store, {"mail-1": [ADA, Rating("Ada", "mail-9", "a", "b", 0, 0, "left")]})
    assert ratings(store, "mail-1") == ()


def test_ratings_go_with_their_run(store: Store):
    save_ratings(store, {"mail-1": [ADA]})
    store.connection.execute("DELETE FROM run WHERE id = 'mail-1'")
    assert store.connection.execute("SELECT count(*) FROM rating").fetchone() == (0,)

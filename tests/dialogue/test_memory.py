from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptbench.dialogue.exchange import Exchange
from promptbench.dialogue.memory import Nearby, Situation, keep
from promptbench.dialogue.summary import summary_question, unsummed
from promptbench.suite.chat import MemorySpec, parse_memory


class Letters:
    """An embedder that counts letters, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Any:
        self.asked += texts
        rows = [[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts]
        return np.array(rows, dtype=np.float32)

    def tokens(self, texts: Sequence[str]) -> Any:
        raise NotImplementedError


def past(*users: str) -> list[Exchange]:
    return [Exchange(n, user, "") for n, user in enumerate(users, 1)]


def kept(text: str, said: str, exchanges: Sequence[Exchange], most: int = 99) -> list[int]:
    def fits(some: Sequence[Exchange]) -> bool:
        return sum(len(one.user) for one in some) <= most

    now = Situation(exchanges, said, fits, Nearby(Letters))
    return [one.number for one in keep(parse_memory(text), now)]


FIVE = past("aaaa", "bbbb", "cccc", "dddd", "eeee")


@pytest.mark.parametrize(
    ("memory", "numbers"),
    [
        ("all", [1, 2, 3, 4, 5]),
        ("none", []),
        ("last:2", [4, 5]),
        ("last:9", [1, 2, 3, 4, 5]),
        ("summary:20+last:1", [5]),
        ("summary:20+last:0", []),
        ("similar:2+last:1", [1, 2, 5]),
        ("similar:2+last:0", [1, 2]),
        ("similar:9+last:1", [1, 2, 3, 4, 5]),
    ],
)
def test_each_memory_keeps_its_turns_in_order(memory: str, numbers: list[int]):
    assert kept(memory, "bbab", FIVE) == numbers


def test_the_similar_turns_are_those_of_the_user_now():
    assert kept("similar:1+last:0", "dd", FIVE) == [4]


def test_of_equally_similar_turns_the_newer_is_kept():
    assert kept("similar:1+last:0", "q", past("q", "q", "z")) == [2]


def test_a_turn_is_embedded_once():
    letters = Letters()
    nearby = Nearby(lambda: letters)
    nearby.order(FIVE, "a")
    nearby.order(FIVE, "a b")
    assert len(letters.asked) == len(set(letters.asked)) == 7


@given(st.lists(st.text("ab", max_size=9), max_size=12), st.integers(0, 40))
def test_a_budget_keeps_as_many_of_the_newest_as_fit(users: list[str], most: int):
    exchanges = past(*users)
    found = kept("tokens:5", "now", exchanges, most)
    assert found == list(range(len(users) - len(found) + 1, len(users) + 1))
    assert sum(len(users[n - 1]) for n in found) <= most
    if len(found) < len(users):
        longer = users[len(users) - len(found) - 1 :]
        assert sum(map(len, longer)) > most


def test_what_drops_out_goes_into_the_summary_once():
    spec = MemorySpec("summary", 20, 2)
    taken, covered = [], 0
    for length in range(1, 6):
        new = unsummed(spec, FIVE[:length], covered)
        taken.append([one.number for one in new])
        covered += len(new)
    assert taken == [[], [], [1], [2], [3]]


def test_other_memories_sum_up_nothing():
    assert not unsummed(MemorySpec("last", 1), FIVE, 0)


def test_a_summary_is_asked_for_with_what_it_knew():
    question = summary_question(MemorySpec("summary", 50, 1), "Ada, 3 cats.", FIVE[:1])
    (message,) = question.messages
    assert "Ada, 3 cats." in message.text
    assert "User: aaaa" in message.text
    assert "at most 30 words" in message.text
    assert question.sampling.max_tokens == 50
    assert (
        "known so far"
        not in summary_question(MemorySpec("summary", 50, 1), "", FIVE).messages[0].text
    )

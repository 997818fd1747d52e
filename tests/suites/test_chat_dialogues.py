"""The dialogues of MT-Bench-101: whole, and no two alike in two splits."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from promptbench.suite.content import plain, similarity, words
from promptbench.suite.leak import AGAINST, find_leaks, read_rows_of
from promptbench.suite.read import read_suite
from tests.suites.folder import SUITES, rows

SPLITS = ("train", "dev", "test")
LONG = 12


def dialogues(split: str) -> list[dict[str, Any]]:
    return rows(f"chat_dialogues/{split}.jsonl")


def replies(dialogue: dict[str, Any]) -> list[str]:
    *earlier, last = dialogue["turns"]
    return [turn["assistant"] for turn in earlier] + last["references"]


@pytest.mark.parametrize("split", SPLITS)
def test_every_reply_but_the_last_is_given_and_the_last_is_a_reference(split: str):
    for dialogue in dialogues(split):
        *earlier, last = dialogue["turns"]
        assert earlier
        assert all(set(turn) == {"user", "assistant"} for turn in earlier)
        assert set(last) == {"user", "references"}
        assert all(text.strip() for text in replies(dialogue))


@pytest.mark.parametrize("split", SPLITS)
def test_the_last_turn_is_the_case(split: str):
    source = read_suite(SUITES / "chat_dialogues.yaml").split(split)
    cases = [row.case for row in read_rows_of(source)]
    assert [case.id for case in cases] == [
        f"{dialogue['id']}/{len(dialogue['turns'])}" for dialogue in dialogues(split)
    ]


@pytest.mark.parametrize("split", ["test", "dev"])
def test_no_dialogue_leaks(split: str):
    suite = read_suite(SUITES / "chat_dialogues.yaml")
    judged = read_rows_of(suite.split(split))
    others = {name: read_rows_of(suite.split(name)) for name in AGAINST[split]}
    assert find_leaks(judged, others, ("script",)) == ()
    assert find_leaks(judged, others, ("user",)) == ()


def test_no_long_reply_is_shared_by_two_splits():
    parts = [
        {text for each in dialogues(split) for text in map(plain, replies(each))}
        for split in SPLITS
    ]
    for one, other in combinations(parts, 2):
        assert [text for text in one & other if len(words(text)) >= LONG] == []


def test_no_whole_dialogue_is_near_one_of_another_split():
    texts = [
        [plain("\n".join([turn["user"] for turn in each["turns"]])) for each in dialogues(split)]
        for split in SPLITS
    ]
    for one, other in combinations(texts, 2):
        assert max(similarity(a, b) for a in one for b in other) < 0.7


@pytest.mark.parametrize("split", ["test", "dev"])
def test_most_judged_dialogues_are_of_context_memory(split: str):
    tasks = [dialogue["task"] for dialogue in dialogues(split)]
    assert tasks.count("CM") > len(tasks) / 2

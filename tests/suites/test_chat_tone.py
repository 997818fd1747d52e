"""The messages of customers: their mood is plain to see, and each chooses the rule it should."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from promptbench.dialogue.tone import heard
from promptbench.suite.read import read_suite
from tests.suites.folder import SUITES, rows

RULES = {"upset": "upset", "pleased": "pleased", "plain": "otherwise"}


def turns() -> list[dict[str, Any]]:
    return [turn for row in rows("chat_tone/test.jsonl") for turn in row["turns"]]


def test_every_message_chooses_the_rule_for_how_it_feels():
    chat = read_suite(SUITES / "chat_tone.yaml").chat
    assert chat is not None
    for turn in turns():
        assert heard(turn["user"], chat.rules)["rule"]["name"] == RULES[turn["felt"]]


def test_messages_are_there_once_and_in_every_mood():
    assert len({turn["user"] for turn in turns()}) == len(turns()) == 60
    assert len({turn["source"] for turn in turns()}) == 60
    assert Counter(turn["felt"] for turn in turns()) == {"upset": 24, "pleased": 14, "plain": 22}


def test_the_mood_changes_within_every_longer_dialogue():
    longer = [row["turns"] for row in rows("chat_tone/test.jsonl") if len(row["turns"]) > 1]
    assert len(longer) == 20
    assert all(first["felt"] != second["felt"] for first, second in longer)


@pytest.mark.parametrize("mood", ["upset", "pleased", "plain"])
def test_the_source_counts_the_moods(mood: str):
    source = (SUITES / "chat_tone" / "SOURCE.md").read_text(encoding="utf-8")
    columns = ["file", "dialogues", "turns", "upset", "pleased", "plain"]
    line = next(line for line in source.splitlines() if line.startswith("| test.jsonl"))
    cells = dict(zip(columns, line.strip("| ").split(" | "), strict=True))
    assert int(cells[mood]) == sum(turn["felt"] == mood for turn in turns())

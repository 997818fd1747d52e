"""The recall probes: as the script writes them, and none that can be guessed."""

from __future__ import annotations

import runpy
from collections import Counter
from typing import Any

import pytest

from tests.suites.folder import SUITES, rows, said

FOLDER = SUITES / "chat_memory"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """The names of make_probes.py, which does not write when it is not the program itself."""
    return runpy.run_path(str(FOLDER / "make_probes.py"))


def dialogues() -> list[dict[str, Any]]:
    return rows("chat_memory/probes.jsonl")


def probes() -> list[tuple[dict[str, Any], int, dict[str, Any]]]:
    """Each turn that asks, with its dialogue and its number from 1."""
    return [
        (each, number, turn)
        for each in dialogues()
        for number, turn in enumerate(each["turns"], 1)
        if isinstance(turn, dict)
    ]


def test_the_script_writes_the_same_bytes(script: dict[str, Any]):
    made = "".join(script["probes"]()).encode()
    assert made == (FOLDER / "probes.jsonl").read_bytes()


def test_a_dialogue_has_eight_turns_and_two_probes():
    assert [len(each["turns"]) for each in dialogues()] == [8] * 24
    assert set(Counter(each["id"] for each, _, _ in probes()).values()) == {2}


def test_distances_and_kinds_come_equally_often():
    assert Counter(turn["distance"] for _, _, turn in probes()) == dict.fromkeys(range(1, 7), 8)
    kinds = Counter(turn["kind"] for _, _, turn in probes())
    assert kinds == {"name": 16, "number": 16, "place": 16}
    both = Counter((turn["kind"], turn["distance"]) for _, _, turn in probes())
    assert len(both) == 18
    assert set(both.values()) == {2, 3}


def test_a_fact_is_told_once_and_so_many_turns_before_it_is_asked_for():
    for dialogue, number, turn in probes():
        (value,) = turn["references"]
        tell = [n for n, one in enumerate(dialogue["turns"], 1) if value in said(one)]
        assert tell == [turn["told"]]
        assert number - turn["told"] == turn["distance"]
        assert turn["told"] <= 4


def test_no_other_dialogue_tells_a_value():
    values = [turn["references"][0] for _, _, turn in probes()]
    assert len(set(values)) == len(values) == 48
    for value in values:
        assert sum(value in said(turn) for each in dialogues() for turn in each["turns"]) == 1


def test_other_values_are_of_the_kind_and_never_told_in_the_dialogue(script: dict[str, Any]):
    kinds = {kind.name: {*kind.values, *kind.guesses} for kind in script["KINDS"]}
    for dialogue, _, turn in probes():
        others = turn["others"]
        assert len(set(others)) == 5
        assert set(others) <= kinds[turn["kind"]] - set(turn["references"])
        texts = [said(one) for one in dialogue["turns"]]
        assert not any(other in text for other in others for text in texts)


def test_the_other_turns_are_real_and_short(script: dict[str, Any]):
    real = {row["turns"][start] for row in rows("chat_memory/dialogues.jsonl") for start in (0, 4)}
    for dialogue in dialogues():
        told = {turn["told"] for each, _, turn in probes() if each["id"] == dialogue["id"]}
        filling = [
            turn
            for number, turn in enumerate(dialogue["turns"], 1)
            if isinstance(turn, str) and number not in told
        ]
        assert len(set(filling)) == len(filling) == 4
        assert set(filling) <= real
        assert all(len(text) < 200 for text in filling)


def test_the_talks_of_the_benchmark_have_eight_real_turns():
    talks = rows("chat_memory/dialogues.jsonl")
    real = {
        turn["user"]
        for split in ("train", "dev", "test")
        for row in rows(f"chat_dialogues/{split}.jsonl")
        for turn in row["turns"]
    }
    assert len(talks) == 32
    assert all(len(talk["turns"]) == 8 for talk in talks)
    assert {turn for talk in talks for turn in talk["turns"]} <= real
    assert (
        len({tuple(talk["turns"][start : start + 4]) for talk in talks for start in (0, 4)}) == 64
    )

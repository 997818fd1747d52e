from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from promptbench.record import Case
from tests.suite.folder import bad_data, cases_of


def talks(folder: Path, *rows: dict[str, Any], **fields: Any) -> list[Case]:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    return cases_of(folder, text, turns="turns", **fields)


def only(folder: Path, *turns: Any, **fields: Any) -> list[Case]:
    return talks(folder, {"id": "d", "turns": list(turns), **fields})


def test_a_checked_turn_is_a_case_of_its_dialogue(tmp_path: Path):
    ask = {"user": "Who am I?", "references": ["Ada"], "distance": 1}
    (case,) = only(tmp_path, "I am Ada.", ask, "Bye.", topic="names")
    assert (case.id, case.cluster, case.references) == ("d/2", "d", ("Ada",))
    assert case.variables == {
        "topic": "names",
        "distance": 1,
        "user": "Who am I?",
        "turn": 2,
        "dialogue": "d",
        "script": [{"user": "I am Ada."}, {"user": "Who am I?", "distance": 1}],
    }


def test_without_a_word_about_it_every_answered_turn_is_checked(tmp_path: Path):
    given = {"user": "Hello", "assistant": "Hi!"}
    assert [case.id for case in only(tmp_path, given, "One", "Two")] == ["d/2", "d/3"]


@pytest.mark.parametrize(
    ("turns", "checked"),
    [
        (["a", {"user": "b", "check": True}, "c"], ["d/2"]),
        ([{"user": "a", "check": False}, "b", "c"], ["d/2", "d/3"]),
        ([{"user": "a", "references": "x", "check": False}, {"user": "b", "check": True}], ["d/2"]),
        ([{"user": "a", "references": []}, "b"], ["d/1", "d/2"]),
    ],
)
def test_the_data_says_which_turns_are_checked(
    tmp_path: Path, turns: list[Any], checked: list[str]
):
    assert [case.id for case in only(tmp_path, *turns)] == checked


def test_a_record_of_a_talk_asks_for_its_last_reply(tmp_path: Path):
    first = {"user": "Hello", "assistant": "Hi!"}
    (case,) = only(tmp_path, first, {"user": "Bye", "assistant": "See you."})
    assert (case.id, case.references) == ("d/2", ("See you.",))
    assert case.variables["script"] == [first, {"user": "Bye"}]


def test_references_of_the_row_are_those_of_the_last_turn(tmp_path: Path):
    (case,) = only(tmp_path, "a", "b", references=["x", "y"])
    assert (case.id, case.references) == ("d/2", ("x", "y"))


def test_a_cluster_of_the_row_goes_before_the_dialogue(tmp_path: Path):
    rows = [{"id": "d", "turns": ["a"], "person": "p"}]
    assert [case.cluster for case in talks(tmp_path, *rows, cluster="person")] == ["p"]


def test_the_limit_counts_checked_turns(tmp_path: Path):
    rows = [{"id": str(n), "turns": ["a", "b"]} for n in range(3)]
    assert [case.id for case in talks(tmp_path, *rows, limit=3)] == ["0/1", "0/2", "1/1"]


def test_a_played_user_has_a_goal_and_a_number_of_turns(tmp_path: Path):
    row = {"id": "g", "goal": "book", "turns": 4, "check": [2, 4], "references": ["ok"]}
    first, second = talks(tmp_path, row)
    assert [case.id for case in (first, second)] == ["g/2", "g/4"]
    assert (first.references, second.references) == ((), ("ok",))
    assert second.variables["script"] == [{"user": ""}] * 4
    assert "check" not in first.variables


@pytest.mark.parametrize(
    ("turns", "what"),
    [
        ([], "field 'turns' must be a list of turns, found a list of 0"),
        ("hello", "field 'turns' must be a list of turns, found 'hello'"),
        (None, "field 'turns' must be a list of turns, found nothing"),
        ([3], "a turn of 'turns' must be text or an object, found 3"),
        ([""], "a turn of 'turns' needs what the user says, found ''"),
        ([{"assistant": "hi"}], "a turn of 'turns' needs what the user says, found nothing"),
        ([{"user": "a", "assistant": 3}], "a turn's 'assistant' must be the text of a reply"),
        ([{"user": "a", "check": "yes"}], "a turn's 'check' must be true or false, found 'yes'"),
        ([{"user": "a", "references": [1]}], "a turn's 'references' must be text or a list"),
        (["a"] * 201, "a dialogue has 200 turns at most, found 201"),
    ],
)
def test_a_broken_dialogue_is_told_by_line(tmp_path: Path, turns: Any, what: str):
    text = json.dumps({"id": "d", "turns": turns})
    error = bad_data(tmp_path, text, turns="turns")
    assert error.what.startswith(what)
    assert error.where == "d.jsonl:1"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"turns": "four"}, "with a 'goal', 'turns' is a number of turns from 1 to 200"),
        ({"turns": 0}, "with a 'goal', 'turns' is a number of turns from 1 to 200, found 0"),
        ({"turns": True}, "with a 'goal', 'turns' is a number of turns from 1 to 200"),
        ({"turns": 2, "check": [3]}, "'check' must be a list of turns from 1 to 2"),
        ({"turns": 2, "check": []}, "'check' must be a list of turns from 1 to 2"),
    ],
)
def test_a_broken_goal_is_told_by_line(tmp_path: Path, row: dict[str, Any], what: str):
    error = bad_data(tmp_path, json.dumps({"goal": "book", **row}), turns="turns")
    assert error.what.startswith(what)
    assert error.where == "d.jsonl:1"

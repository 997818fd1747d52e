"""Leaks between splits: equal and near inputs, long references, whatever else the rows hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.record import Case
from promptbench.suite.leak import (
    AGAINST,
    Leak,
    Row,
    compared,
    find_leaks,
    find_repeats,
    read_rows_of,
)
from promptbench.suite.read import read_suite

SAID = (
    "Dear all, the meeting about the new building has been moved to Friday at ten, because the"
    " large room is taken on Thursday. Please bring your notes and tell Anna whether you can come."
)
NEAR = SAID.replace("Anna", "Anne").replace("Dear all", "Hello all")
ANSWER = "The meeting about the new building moves to Friday at ten; bring notes, tell Anna."
SUITES = Path("suites")


def row(name: str, text: str, *references: str, cluster: str = "", **more: object) -> Row:
    return Row(Case(name, {"text": text, **more}, references, cluster), f"{name}.jsonl:1")


def leaks(judged: Row, *train: Row) -> list[Leak]:
    return list(find_leaks([judged], {"train": train}))


def test_an_equal_input_is_a_leak_with_both_places():
    (found,) = leaks(row("a", SAID), row("x", "other"), row("b", SAID.upper()))
    assert found == Leak("a", "a.jsonl:1", "train", "b", "b.jsonl:1", 1.0, "equal")


def test_a_nearly_equal_input_is_a_leak_with_its_similarity():
    (found,) = leaks(row("a", SAID), row("b", NEAR))
    assert found.kind == "near"
    assert 0.85 <= found.similarity < 1


def test_the_nearest_is_told_and_the_first_of_those_equally_near():
    (found,) = leaks(row("a", SAID), row("b", NEAR), row("c", SAID + "!"), row("d", SAID + "!"))
    assert (found.other, found.kind) == ("c", "near")
    (found,) = leaks(row("a", SAID), row("b", NEAR), row("c", SAID), row("d", SAID))
    assert (found.other, found.kind) == ("c", "equal")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is a transfer fee?", "What are transfer fees?"),
        ("How do I reset my passcode?", "How do I change my passcode?"),
        ("How can I get a disposable virtual card?", "Where can I get a disposable virtual card?"),
        ("What is 12 + 30?", "What is 12 - 30?"),
        ("yes", "yet"),
        ("", ""),
    ],
)
def test_short_texts_that_are_merely_alike_are_none(one: str, other: str):
    assert leaks(row("a", one), row("b", other)) == []


def test_a_short_text_that_is_equal_is_one():
    (found,) = leaks(row("a", "Great  phone."), row("b", "great phone."))
    assert found.kind == "equal"


def test_a_field_that_only_one_side_has_hides_nothing():
    (found,) = leaks(row("a", "Great phone."), row("b", "Great phone.", source="import 7", n=3))
    assert found.kind == "equal"
    (found,) = leaks(row("a", "Great phone.", source="x"), row("b", "Great phone."))
    assert found.kind == "equal"


def test_a_field_that_no_prompt_shows_hides_nothing():
    pair = row("a", "Great phone.", number=1), row("b", "Great phone.", number=2)
    assert leaks(*pair) == []
    (found,) = find_leaks(pair[:1], {"train": pair[1:]}, {"text", "examples"})
    assert found.kind == "equal"


def test_names_that_no_row_has_leave_all_that_both_have():
    rows = [row("a", "x", more="y")]
    assert compared(rows, [row("b", "x", other="z")], {"subject"}) == {"text"}


def test_an_instruction_that_is_the_same_in_all_rows_makes_none_alike():
    instruction = "Read the question of a customer of the bank and name what it is about. " * 3
    questions = [f"{word} card" for word in ("lost", "new", "blocked", "virtual", "expired")]
    judged = [row(f"a{n}", text, task=instruction) for n, text in enumerate(questions)]
    train = [row(f"b{n}", f"{text}?!", task=instruction) for n, text in enumerate(questions[::-1])]
    assert find_leaks(judged, {"train": train}) == ()
    train[0] = row("same", "LOST card", task=instruction)
    (found,) = find_leaks(judged, {"train": train})
    assert (found.case, found.other) == ("a0", "same")


def test_equal_long_references_are_a_leak_and_short_ones_are_none():
    (found,) = leaks(row("a", "one", "x", ANSWER), row("b", "two", ANSWER.upper(), "y"))
    assert (found.kind, found.similarity) == ("reference", 1.0)
    eleven = "a b c d e f g h i j k"
    assert leaks(row("a", "one", eleven), row("b", "two", eleven)) == []
    assert leaks(row("a", "one", eleven + " l"), row("b", "two", eleven + " l")) != []
    assert leaks(row("a", "one", "positive"), row("b", "two", "positive")) == []


def test_each_other_split_is_told_and_cases_keep_their_order():
    judged = [row("a", "first text"), row("b", "second text"), row("c", "third text")]
    others = {"train": [row("t", "third text"), row("u", "first text")], "dev": [judged[0]]}
    found = find_leaks(judged, others)
    assert [(each.case, each.split, each.other) for each in found] == [
        ("a", "train", "u"),
        ("a", "dev", "a"),
        ("c", "train", "t"),
    ]


def test_repeats_within_a_split_are_told_once_each_except_within_a_cluster():
    rows = [row("a", SAID), row("b", NEAR), row("c", SAID), row("d", "another")]
    assert [(each.case, each.other, each.kind) for each in find_repeats(rows)] == [
        ("b", "a", "near"),
        ("c", "a", "equal"),
    ]
    thread = [row("a", SAID, cluster="t"), row("b", NEAR, cluster="t"), row("c", SAID, cluster="u")]
    assert [each.case for each in find_repeats(thread)] == ["c"]


def test_looking_from_the_other_side_finds_the_same_pairs():
    ours = [row("a", SAID), row("b", "quite another text about a lost card")]
    theirs = [row("x", NEAR), row("y", "nothing of the kind")]
    there = {(each.case, each.other) for each in find_leaks(ours, {"train": theirs})}
    back = {(each.other, each.case) for each in find_leaks(theirs, {"train": ours})}
    assert there == back == {("a", "x")}


@pytest.mark.parametrize("name", ["email", "intent", "sentiment"])
def test_the_suites_that_come_along_are_clean(name: str):
    suite = read_suite(SUITES / f"{name}.yaml")
    rows = {split: read_rows_of(source) for split, source in suite.splits.items()}
    for split, against in AGAINST.items():
        assert find_leaks(rows[split], {other: rows[other] for other in against}) == ()
        assert find_repeats(rows[split]) == ()


@pytest.mark.parametrize(("name", "field"), [("email", "body"), ("intent", "text")])
def test_a_leak_put_into_real_data_is_found_and_nothing_else(name: str, field: str):
    suite = read_suite(SUITES / f"{name}.yaml")
    test, train = (read_rows_of(suite.splits[split]) for split in ("test", "train"))
    longest = max(test, key=lambda each: len(each.case.variables[field]))
    said = longest.case.variables[field]
    retold = f"{said} Thanks!"
    planted = Row(
        Case("planted", {**longest.case.variables, field: retold, "thread": "other"}), "x:1"
    )
    (found,) = find_leaks(test, {"train": (*train, planted)})
    assert (found.case, found.other, found.kind) == (longest.case.id, "planted", "near")

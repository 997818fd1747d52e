"""MT-Bench: 80 questions of two turns, both judged, with and without a reference answer."""

from __future__ import annotations

from collections import Counter

from promptbench.suite.data import read_cases
from promptbench.suite.read import read_suite
from tests.suites.folder import SUITES, rows

REFERENCED = {"reasoning", "math", "coding"}


def test_there_are_ten_questions_of_each_kind():
    kinds = Counter(row["category"] for row in rows("mt_bench/question.jsonl"))
    assert len(kinds) == 8
    assert set(kinds.values()) == {10}


def test_both_turns_of_a_question_are_cases():
    source = read_suite(SUITES / "mt_bench.yaml").split("test")
    ids = [case.id for case in read_cases(source)]
    assert ids == [f"{number}/{turn}" for number in range(81, 161) for turn in (1, 2)]


def test_reference_answers_are_there_for_whole_questions_of_three_kinds():
    for row in rows("mt_bench/question.jsonl"):
        there = [len(turn.get("references", ())) for turn in row["turns"]]
        assert there == ([1, 1] if row["category"] in REFERENCED else [0, 0])

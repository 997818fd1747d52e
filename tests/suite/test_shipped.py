"""The suites that come with promptbench: what they say of themselves holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from promptbench.model.protocol import quiet
from promptbench.run.check import check_suite
from promptbench.run.option import Options
from promptbench.run.plan import make_plan
from promptbench.suite.read import read_suite
from tests.fake import FakeBackend

PROJECT = Path(__file__).parents[2]
SUITES = sorted(PROJECT.glob("suites/*.yaml"))
SPLITS = ("train", "dev", "test")


def rows(suite: str, split: str) -> list[dict[str, Any]]:
    path = PROJECT / "suites" / suite / f"{split}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def values(suite: str, field: str) -> list[set[str]]:
    return [{row[field] for row in rows(suite, split)} for split in SPLITS]


def shared(parts: list[set[str]]) -> set[str]:
    return {one for part in parts for one in part if sum(one in other for other in parts) > 1}


def splits(suite: str) -> list[str]:
    """The data files of a suite, by name; a chat suite may have a test split alone."""
    return [path.stem for path in sorted((PROJECT / "suites" / suite).glob("*.jsonl"))]


def test_there_are_suites():
    shipped = {path.stem for path in SUITES}
    assert shipped >= {"email", "intent", "sentiment", "faq", "faq_python"}
    assert shipped >= {"chat_dialogues", "chat_memory", "chat_tone", "mt_bench"}


@pytest.mark.parametrize("suite", [path.stem for path in SUITES])
def test_a_source_names_license_and_sizes(suite: str):
    source = (PROJECT / "suites" / suite / "SOURCE.md").read_text(encoding="utf-8")
    assert "License: " in source
    assert splits(suite)
    for split in splits(suite):
        assert f"| {split}.jsonl | {len(rows(suite, split))} |" in source


@pytest.mark.parametrize("suite", [path.stem for path in SUITES])
def test_ids_name_one_row_of_a_suite(suite: str):
    ids = [row["id"] for split in splits(suite) for row in rows(suite, split)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("suite", "field"),
    [("email", "thread"), ("faq", "page"), ("faq", "program"), ("faq_python", "question")],
)
def test_no_group_stands_in_two_splits(suite: str, field: str):
    parts = values(suite, field)
    assert all(parts)
    assert shared(parts) == set()


def test_no_answer_of_the_faq_is_shared_by_train_and_test():
    train, _, test = values("faq", "answer")
    assert train & test == set()


def test_every_judged_question_of_the_python_faq_has_a_lead_from_its_answer():
    for row in rows("faq_python", "dev") + rows("faq_python", "test"):
        assert 40 <= len(row["lead"]) <= 400
        words = set(re.findall(r"\w+", row["answer"]))
        assert words >= set(re.findall(r"\w+", row["lead"]))


@pytest.mark.parametrize("suite_file", SUITES, ids=[path.stem for path in SUITES])
def test_every_suite_is_valid(suite_file: Path, fake: FakeBackend):
    assert check_suite(suite_file, ("fake:a",), quiet).warnings == ()


def test_an_example_of_the_faq_is_a_turn_of_its_own(fake: FakeBackend):
    options = Options(prompts=("fewshot",), models=("fake:a",), limit=1)
    plan = make_plan(read_suite(PROJECT / "suites" / "faq.yaml"), options, quiet)
    messages = plan.request(plan.slots[0]).messages
    assert [message.role for message in messages] == ["user", "assistant"] * 8 + ["user"]
    answers = {row["answer"] for row in rows("faq", "train")}
    assert {message.text for message in messages if message.role == "assistant"} <= answers
    assert any("{{" in message.text for message in messages)

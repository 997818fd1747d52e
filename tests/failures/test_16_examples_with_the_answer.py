"""Row 16: few-shot examples that hold the case's own answer."""

from __future__ import annotations

from typing import Any

import pytest

from promptbench.error import SuiteError
from tests.run.workspace import Workspace, email

FEW = (
    "prompts:\n  - file: ../prompts/fewshot.j2\n    examples: {count: 3}\n  - ../prompts/brief.j2\n"
)
OLD = "prompts:\n  - ../prompts/plain.j2\n  - ../prompts/brief.j2\n"


def few_shot(workspace: Workspace) -> None:
    workspace.edit("suites/mail.yaml", OLD, FEW)


def twin(number: int) -> dict[str, Any]:
    """The same email under another id, written a little differently."""
    row = email(number)
    return {**row, "id": f"twin-{number}", "body": row["body"].replace("all, the", "all,  THE")}


def test_a_judged_case_is_no_example_whatever_its_id(workspace: Workspace):
    few_shot(workspace)
    dev = [twin(number) for number in range(10, 14)]
    workspace.cases("train", *dev, *map(email, range(20, 23)))
    plan = workspace.plan()
    text = plan.request(plan.slots[0]).encoded.text
    assert [number for number in range(10, 14) if f"Meeting number {number}" in text] == []
    assert [number for number in range(20, 23) if f"Meeting number {number}" in text] == [
        20,
        21,
        22,
    ]


def test_a_case_that_train_gives_away_is_not_judged(workspace: Workspace):
    few_shot(workspace)
    workspace.cases("train", twin(2), *map(email, range(20, 30)))
    with pytest.raises(SuiteError, match="1 of 6 test cases leak from train"):
        workspace.run()


def test_examples_come_from_train_alone(workspace: Workspace):
    few_shot(workspace)
    workspace.edit("suites/mail.yaml", "  train: mail/train.jsonl\n", "")
    with pytest.raises(SuiteError, match="there is no train split"):
        workspace.plan()

"""A few-shot prompt shows the very case that is asked, with its answer."""

from __future__ import annotations

import re

import pytest

from promptbench.error import SuiteError
from tests.failures.scene import prompts
from tests.run.workspace import Workspace, email

FEWSHOT = "  - {file: ../prompts/fewshot.j2, examples: {count: 9}}\nmodels:"


def with_copies(workspace: Workspace) -> None:
    """Nine examples of eleven train cases, of which two stand in other splits by other ids."""
    workspace.edit("suites/mail.yaml", "models:", FEWSHOT)
    copies = ({**email(n), "id": f"copy-{n}", "thread": "x"} for n in (3, 11))
    workspace.cases("train", *copies, *map(email, range(20, 29)))


def test_an_example_is_never_what_is_judged(workspace: Workspace):
    with_copies(workspace)
    result = workspace.run(prompts=("fewshot",), allow_leaks=True)
    assert result.summary.cases == 5
    for prompt in prompts(workspace):
        shown = re.findall(r"number (\d+) ->", prompt)
        assert set(map(int, shown)) == set(range(20, 29)), "an example is a case that is judged"


def test_a_case_that_train_gives_away_is_refused(workspace: Workspace):
    with_copies(workspace)
    with pytest.raises(SuiteError, match="mail-3 equals train case copy-3"):
        workspace.run(prompts=("fewshot",))

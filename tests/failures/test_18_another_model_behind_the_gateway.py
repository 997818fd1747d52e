"""A gateway lets another model answer than the one that was asked, and its output is scored."""

from __future__ import annotations

import pytest

from tests.failures.scene import asks
from tests.model.remote.server import CHAT, Answer, serving
from tests.run.workspace import Workspace, email


@pytest.mark.parametrize("other", ["quite-another", "m-mini"])
def test_an_answer_of_another_model_is_an_error(workspace: Workspace, other: str):
    workspace.cases("test", email(0), email(2))
    with serving() as server:
        asks(workspace, f"openai:m@{server.base}")
        assert workspace.run(prompts=("plain",)).errors == 0
        server.behaviour = lambda asked, number: Answer({**CHAT, "model": other})
        result = workspace.run(prompts=("plain",), fresh=True)
    assert result.errors == 2
    for sample in workspace.samples(result.run_id):
        assert sample.completion is not None
        assert f"answered as '{other}', not as 'm'" in sample.completion.error
        assert sample.scores == {}

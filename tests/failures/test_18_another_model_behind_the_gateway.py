"""Row 18: a gateway that serves another model than the one that was asked for."""

from __future__ import annotations

from tests.failures.served import ask
from tests.model.remote.server import CHAT, Answer, Asked, serving
from tests.run.workspace import Workspace


def test_what_another_model_says_is_an_error_and_not_scored(workspace: Workspace):
    def falls_back(asked: Asked, number: int) -> Answer:
        other = "number 4" in asked.body["messages"][-1]["content"]
        return Answer(CHAT | {"model": "m-mini" if other else "m"})

    with serving(falls_back) as server:
        ask(workspace, server.base)
        result = workspace.run()
    bad = [s for s in workspace.samples(result.run_id) if s.completion and s.completion.error]
    assert result.errors == len(bad) == 2
    assert {s.case_id for s in bad} == {"mail-4"}
    assert all("answered as 'm-mini'" in s.completion.error for s in bad if s.completion)
    assert all(not s.scores for s in bad)

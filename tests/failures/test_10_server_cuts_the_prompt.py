"""Row 10: a server that ignores the context it is told and cuts the prompt without a word."""

from __future__ import annotations

from tests.failures.served import ask
from tests.model.remote.server import Answer, Asked, serving
from tests.run.workspace import Workspace

CONTEXT = 64


def test_a_prompt_that_a_server_may_have_cut_is_an_error_and_not_scored(workspace: Workspace):
    def cuts(asked: Asked, number: int) -> Answer:
        told = asked.body["options"]
        assert told["num_ctx"] == CONTEXT
        read = CONTEXT if "number 3" in asked.body["messages"][-1]["content"] else 20
        said = {"role": "assistant", "content": "Bring notes."}
        counts = {"prompt_eval_count": read, "eval_count": 3}
        return Answer({"model": "m", "message": said, "done": True, "done_reason": "stop"} | counts)

    with serving(cuts) as server:
        base = server.base.removesuffix("/v1")
        ask(workspace, base, "ollama", f"context: {CONTEXT}")
        result = workspace.run()
    bad = [s for s in workspace.samples(result.run_id) if s.completion and s.completion.error]
    assert result.errors == len(bad) == 2
    assert {s.case_id for s in bad} == {"mail-3"}
    assert all("more than its context of 64" in s.completion.error for s in bad if s.completion)
    assert all(not s.scores for s in bad)

"""Outputs depend on what else is in the batch, so that its size moves the scores."""

from __future__ import annotations

import pytest

from promptbench.cli.main import outcome
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from tests.failures.scene import asks, completions, in_words
from tests.model.tiny import answers, told, write_tiny
from tests.run.workspace import Workspace


@pytest.mark.parametrize("kind", ["llama", "t5"])
@pytest.mark.parametrize("sampling", ["{max_tokens: 8}", "{max_tokens: 8, temperature: 1.0}"])
def test_a_prompt_is_answered_the_same_alone_and_among_others(
    workspace: Workspace, kind: str, sampling: str
):
    in_words(workspace)
    write_tiny(workspace.folder / "tiny", kind)
    asks(workspace, "./tiny", sampling=sampling)
    found = completions(workspace, workspace.run(prompts=("plain",)).run_id)
    plan = workspace.plan(prompts=("plain",))
    model = open_model("./tiny", Setup(workspace.folder))
    for slot in plan.slots:
        (alone,) = answers(model, [plan.request(slot)]).values()
        assert told(found["plain", plan.cases[slot.case].id, 0]) == told(alone)


def test_whether_that_was_checked_stands_in_the_report(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    write_tiny(workspace.folder / "tiny", "llama")
    asks(workspace, "./tiny")
    monkeypatch.chdir(workspace.folder)
    before = workspace.run(prompts=("plain",), limit=1)
    assert "not run (promptbench check-model)" in before.report.read_text(encoding="utf-8")
    assert outcome(["check-model", "./tiny"]) == 0
    after = workspace.run(prompts=("plain",), limit=2)
    assert "outputs equal, 0 ties, 0 different" in after.report.read_text(encoding="utf-8")

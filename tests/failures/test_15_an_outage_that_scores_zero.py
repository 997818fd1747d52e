"""A server that is down scores 0, and the run ends as a success."""

from __future__ import annotations

import pytest

from promptbench.cli.main import outcome
from tests.fake import FakeBackend
from tests.run.workspace import Workspace


def test_an_error_has_no_score_and_the_run_has_not_finished(
    workspace: Workspace, fake: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    fake.behaviour.failing = ("number",)
    monkeypatch.chdir(workspace.folder)
    code = outcome(["run", "suites/mail.yaml"])
    with workspace.store() as store:
        (line,) = store.runs()
    samples = workspace.samples(line.id)
    assert [sample.scores for sample in samples] == [{}] * 12, "an error was scored"
    assert all(s.completion and s.completion.error for s in samples)
    assert code == 3, "an outage must not look like a success"
    assert line.status == "failed"

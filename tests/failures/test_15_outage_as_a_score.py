"""Row 15: an outage that scores 0, in a run that says success."""

from __future__ import annotations

import json

from tests.run.workspace import Workspace


def test_an_error_is_no_score_and_the_command_says_so(workspace: Workspace):
    with workspace.start("run", "suites/mail.yaml", "--json", failing=["Meeting"]) as process:
        out, err = process.communicate()
    assert process.returncode == 3, err
    told = json.loads(out)
    assert told["errors"] == 12
    samples = workspace.samples(told["run"])
    assert [s.scores for s in samples] == [{}] * 12
    with workspace.store() as store:
        assert store.run(told["run"]).status == "failed"

"""A full run after a trial with `--limit` takes the trial's few outputs for all there are."""

from __future__ import annotations

from tests.failures.scene import completions
from tests.run.workspace import Workspace


def test_a_full_run_after_a_limited_one_has_every_case(workspace: Workspace):
    trial = workspace.run(limit=2)
    whole = workspace.run()
    assert trial.run_id != whole.run_id
    assert (whole.reused, whole.generated) == (4, 8)
    assert whole.summary.cases == 6
    assert len(completions(workspace, whole.run_id)) == 12
    figures = [standing.figures["rougeL"] for standing in whole.summary.standings]
    assert [(figure.scored, figure.cases) for figure in figures] == [(6, 6), (6, 6)]

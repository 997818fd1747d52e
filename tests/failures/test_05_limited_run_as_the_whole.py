"""Row 5: `--limit 10`, then a full run that takes the ten for the whole."""

from __future__ import annotations

from tests.run.workspace import Notes, Workspace


def test_a_full_run_after_a_limited_one_has_every_case(workspace: Workspace):
    limited = workspace.run(limit=2)
    notes = Notes()
    whole = workspace.run(notes)
    assert limited.run_id != whole.run_id
    assert (notes.total, notes.missing) == (12, 8)
    assert (whole.reused, whole.generated, whole.summary.cases) == (4, 8, 6)
    assert len([s for s in workspace.samples(whole.run_id) if s.completion]) == 12

"""Row 13: a judge's verdict that does not parse, counted as wrong or as right."""

from __future__ import annotations

import pytest

from promptbench.model.spec import BACKENDS
from promptbench.record import Request
from tests.run.judged import JudgeBackend, with_judges
from tests.run.workspace import Workspace


def test_it_is_unscored_with_the_reason(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    def says(request: Request) -> str:
        return "I would say five stars" if "in room 2." in request.encoded.text else " 4"

    backend = JudgeBackend(say=says)
    monkeypatch.setitem(BACKENDS, "judge", backend)
    result = with_judges(workspace).run()
    scores = {
        (s.candidate, s.case_id): s.scores["helpful"] for s in workspace.samples(result.run_id)
    }
    bad = {cell: score for cell, score in scores.items() if cell[1] == "mail-2"}
    assert {score.value for cell, score in scores.items() if cell not in bad} == {4.0}
    assert {score.value for score in bad.values()} == {None}
    assert all("does not parse" in score.reason for score in bad.values())
    figure = result.summary.standings[0].figures["helpful"]
    assert (figure.scored, figure.cases, figure.unscored) == (5, 6, 1)
    assert figure.estimate is not None and figure.estimate.mean == 4.0

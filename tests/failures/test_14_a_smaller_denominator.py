"""Errors and NaN leave the mean, which then looks better, and nobody is told of how many it is."""

from __future__ import annotations

import pytest

from tests.failures.scene import scored_by
from tests.fake import FakeBackend
from tests.run.workspace import Workspace

OWN = """\
from promptbench.metric.own import metric


@metric(low=0, high=1)
def good(text, case):
    return float("nan") if case.id == "mail-3" else 1
"""


def test_both_denominators_are_told(workspace: Workspace, fake: FakeBackend):
    fake.behaviour.failing = ("number 1", "number 4")
    workspace.write("suites/own.py", OWN)
    scored_by(workspace, "  - own.py:good\n")
    result = workspace.run(prompts=("plain",))
    (standing,) = result.summary.standings
    figure = standing.figures["good"]
    assert (figure.scored, figure.cases) == (3, 6)
    assert (figure.errors, figure.unscored) == (2, 1)
    assert figure.estimate is not None
    assert figure.estimate.mean == 1.0
    assert figure.floor == pytest.approx(3 / 6), "of all cases, what is missing at its worst"
    page = result.report.read_text(encoding="utf-8")
    assert "3 of 6" in page
    assert any("2 of 6 outputs failed" in note for note in result.summary.notes)

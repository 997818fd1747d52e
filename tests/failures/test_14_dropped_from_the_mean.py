"""Row 14: NaN and errors dropped from the mean, so that failing makes a candidate better."""

from __future__ import annotations

import math
from dataclasses import replace

from promptbench.record import Score
from promptbench.report.material import Material
from promptbench.report.page import build_page, figures_of
from tests.fake import FakeBackend
from tests.report.records import METRIC, cases, completion, run, sample
from tests.run.workspace import Workspace


def test_both_denominators_are_told(workspace: Workspace, fake: FakeBackend):
    fake.behaviour.failing = ("number 3",)
    result = workspace.run()
    figure = result.summary.standings[0].figures["rougeL"]
    assert (figure.scored, figure.cases, figure.errors) == (5, 6, 1)
    assert any("failed with an error" in note for note in result.summary.notes)
    assert "5 of 6" in result.report.read_text(encoding="utf-8")


def test_a_value_that_is_no_number_is_unscored_and_counted():
    made, found = run("a"), cases(4)
    rows = [sample("a", number, 0.5) for number in range(3)]
    broken = sample("a", 3, 0.5, done=completion("text"))
    broken = replace(broken, scores={METRIC: Score(METRIC, math.nan)})
    _, summary = figures_of(made, found, [*rows, broken])
    figure = summary.standings[0].figures[METRIC]
    assert (figure.scored, figure.cases, figure.unscored) == (3, 4, 1)
    assert figure.estimate is not None and figure.estimate.mean == 0.5
    assert figure.floor == 0.375  # what it would be if the lost one had got the worst
    assert "3 of 4" in build_page(Material(made, found, [*rows, broken]))

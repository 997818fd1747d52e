"""A judge's answer that is no verdict counts as the worst, the best or any number it holds."""

from __future__ import annotations

import pytest

from promptbench.model.spec import BACKENDS
from tests.run.judged import PAIR, JudgeBackend, with_judges
from tests.run.workspace import Workspace


@pytest.mark.parametrize("said", ["I like it.", " of the 3 points made, most hold", ""])
def test_it_is_unscored_and_says_why(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, said: str
):
    monkeypatch.setitem(BACKENDS, "judge", JudgeBackend(say=lambda request: said))
    with_judges(workspace, PAIR.format(against="reference"))
    workspace.edit("suites/mail.yaml", "metrics:", "primary: helpful\nmetrics:")
    result = workspace.run(prompts=("plain",))
    for sample in workspace.samples(result.run_id):
        for metric in ("helpful", "preferred"):
            score = sample.scores[metric]
            assert score.value is None, f"{said!r} was scored {score.value}"
            assert "does not parse" in score.reason
    (standing,) = result.summary.standings
    figure = standing.figures["helpful"]
    assert (figure.estimate, figure.unscored) == (None, 6)

"""Paired scores are compared as if they were not, or a permutation test forgets ties and itself."""

from __future__ import annotations

import pytest

from promptbench.model.spec import BACKENDS
from promptbench.record import Request
from promptbench.stats.paired import Difference
from tests.failures.scene import scored_by
from tests.run.judged import JudgeBackend
from tests.run.workspace import Workspace, email

OWN = "def said(text, case):\n    return float(text)\n"


def value_of(request: Request) -> str:
    """Cases differ much; of each the prompt `brief` is ahead by a tenth."""
    text = request.messages[-1].text
    number = int(text.split("Meeting number ")[1].split(":")[0])
    return str(number * 3 + 0.1 * text.startswith("In one short sentence"))


def lead(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, cases: int) -> Difference:
    """What the better prompt is ahead by, over so many cases."""
    monkeypatch.setitem(BACKENDS, "fake", JudgeBackend(say=value_of))
    scored_by(workspace, "  - own.py:said\n")
    workspace.write("suites/own.py", OWN)
    workspace.edit("suites/mail.yaml", "  cluster: thread\n", "")
    workspace.many(*map(email, range(cases)))
    (comparison,) = workspace.run().summary.comparisons
    assert (comparison.best, comparison.other) == ("brief", "plain")
    assert comparison.difference is not None
    return comparison.difference


def test_cases_are_paired_and_ties_count(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    found = lead(workspace, monkeypatch, cases=6)
    assert found.mean == pytest.approx(0.1)
    assert found.low == pytest.approx(0.1), "the spread between cases is not the differences'"
    assert found.p_value == pytest.approx(2 / 2**6), "of 64 patterns two are as far out"


def test_a_drawn_test_never_says_impossible(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    found = lead(workspace, monkeypatch, cases=40)
    assert found.p_value == pytest.approx(1 / 10_000), "none of 9,999 draws, and the result itself"

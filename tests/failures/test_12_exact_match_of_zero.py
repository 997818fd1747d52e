"""A space or a word in front of a right answer makes every exact match 0."""

from __future__ import annotations

import pytest

from promptbench.model.spec import BACKENDS
from tests.failures.scene import scored_by
from tests.run.classify import write_classification
from tests.run.judged import JudgeBackend
from tests.run.workspace import Workspace, email


def test_a_space_in_front_changes_nothing_and_the_page_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(BACKENDS, "fake", JudgeBackend(say=lambda request: " Friday\n"))
    scored_by(workspace, "  - exact\n")
    workspace.cases("test", {**email(0), "references": ["Friday"]})
    result = workspace.run(prompts=("plain",))
    (sample,) = workspace.samples(result.run_id)
    assert sample.scores["exact"].value == 1.0
    assert "outer space ignored" in result.summary.primary.label
    assert "outer space ignored" in result.report.read_text(encoding="utf-8")


def test_a_label_is_found_behind_a_prefix(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(BACKENDS, "fake", JudgeBackend(say=lambda request: " Label: Meeting."))
    labelled = write_classification(workspace.folder)
    result = labelled.run()
    written = [s for s in labelled.samples(result.run_id) if s.candidate.endswith("written")]
    right = [sample.scores["accuracy"].value for sample in written]
    assert right == [1.0, 0.0, 0.0, 1.0, 0.0, 1.0]

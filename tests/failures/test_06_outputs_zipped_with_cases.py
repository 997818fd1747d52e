"""Outputs that are matched to cases by position shift when some are cached, late or missing."""

from __future__ import annotations

from tests.failures.scene import texts
from tests.fake import FakeBackend, answer
from tests.run.workspace import Workspace


def test_every_case_has_its_own_output_and_score(workspace: Workspace, fake: FakeBackend):
    workspace.edit("suites/mail.yaml", "  - rougeL\n", "  - own.py:number\n  - rougeL\n")
    workspace.write("suites/own.py", "def number(text, case):\n    return int(case.id[-1])\n")
    fake.behaviour.failing = ("number 1",)
    workspace.run(limit=3)  # mail-0 and mail-2 are cached, mail-1 is not
    fake.behaviour.order = 5
    fake.behaviour.failing = ("number 4",)
    result = workspace.run()
    plan, found = workspace.plan(), texts(workspace, result.run_id)
    for slot in plan.slots:
        name, case = plan.ready[slot.candidate].candidate.name, plan.cases[slot.case].id
        said = "" if case == "mail-4" else " ".join(answer(plan.request(slot)))
        assert found[name, case, 0] == said, f"{case} of {name} has another case's output"
    for sample in workspace.samples(result.run_id):
        for score in (sample.scores[name] for name in sample.scores if name == "number"):
            assert score.value == int(sample.case_id[-1]), f"{sample.case_id}: another's score"

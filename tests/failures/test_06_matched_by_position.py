"""Row 6: outputs matched to cases by position, which a mix of cached and fresh ones shifts."""

from __future__ import annotations

from tests.fake import FakeBackend, answer
from tests.run.workspace import Workspace


def test_every_output_is_the_answer_to_its_own_case(workspace: Workspace, fake: FakeBackend):
    workspace.run(limit=2)
    fake.behaviour.order = 7  # batches come back in another order than they were asked
    result = workspace.run()
    plan = workspace.plan()
    wanted = {}
    for slot in plan.slots:
        request = plan.request(slot)
        candidate = plan.ready[slot.candidate].candidate.name
        wanted[candidate, plan.cases[slot.case].id] = " ".join(answer(request))
    found = {
        (s.candidate, s.case_id): s.completion.text
        for s in workspace.samples(result.run_id)
        if s.completion
    }
    assert found == wanted
    assert len(set(wanted.values())) == 12

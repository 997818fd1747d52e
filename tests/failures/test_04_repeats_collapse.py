"""Row 4: repeats that collapse to one sample, so that five answers are one answer five times."""

from __future__ import annotations

from tests.fake import FakeBackend
from tests.run.workspace import Workspace


def test_each_repeat_is_a_sample_of_its_own(workspace: Workspace, fake: FakeBackend):
    workspace.edit("suites/mail.yaml", "{max_tokens: 16}", "{max_tokens: 16, temperature: 1.0}")
    result = workspace.run(repeats=5)
    assert result.generated == len(set(fake.asked)) == 12 * 5
    said = [s.completion.text for s in workspace.samples(result.run_id) if s.completion]
    assert len(set(said)) > 12

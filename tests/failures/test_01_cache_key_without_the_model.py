"""Row 1: a cache key without the model, so that one model gets the outputs of another."""

from __future__ import annotations

from tests.fake import FakeBackend
from tests.run.workspace import Workspace


def test_another_model_is_asked_itself(workspace: Workspace, fake: FakeBackend):
    first = workspace.run()
    asked = len(fake.asked)
    second = workspace.run(models=("fake:another",))
    assert second.generated == first.generated == 12
    assert len(set(fake.asked[asked:]) & set(fake.asked[:asked])) == 0

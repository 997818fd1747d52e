"""Row 7: requests of several models or settings in one queue, run with those of the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import BACKENDS
from promptbench.record import Completion, Request
from tests.fake import FakeBackend, FakeModel
from tests.model.tiny import answers, request
from tests.run.workspace import Workspace


@dataclass
class Noting(FakeBackend):
    """Notes which model was asked what."""

    seen: dict[str, list[str]] = field(default_factory=dict)

    def __call__(self, spec: str, setup: Setup) -> FakeModel:
        return NotingModel(spec, self)


class NotingModel(FakeModel):
    backend: Noting

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        coming = list(requests)
        self.backend.seen.setdefault(self.info.spec, []).extend(one.key for one in coming)
        yield from super().stream(coming)


def test_each_model_is_asked_its_own_requests_alone(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    workspace.edit("suites/mail.yaml", "  - fake:a\n", "  - fake:a\n  - fake:b\n")
    plan = workspace.plan()
    owner = {slot.key: plan.ready[slot.candidate].candidate.model for slot in plan.slots}
    backend = Noting()
    monkeypatch.setitem(BACKENDS, "fake", backend)
    workspace.run()
    assert {spec: {owner[key] for key in keys} for spec, keys in backend.seen.items()} == {
        "fake:a": {"fake:a"},
        "fake:b": {"fake:b"},
    }


def test_each_request_of_a_batch_keeps_its_own_settings(llama: LocalModel):
    prompt = "w1 w2 w3 w4"
    few, many = request(llama, prompt, max_tokens=2), request(llama, "w5 w6", max_tokens=9)
    warm = request(llama, "w9 w8 w7", max_tokens=9, temperature=1.5, seed=3)
    together = answers(llama, [few, many, warm])
    alone = {one.key: answers(llama, [one])[one.key] for one in (few, many, warm)}
    assert {k: c.text for k, c in together.items()} == {k: c.text for k, c in alone.items()}
    assert together[few.key].output_tokens <= 2 < together[many.key].output_tokens
    cold = request(llama, "w9 w8 w7", max_tokens=9)
    assert answers(llama, [cold])[cold.key].text != together[warm.key].text

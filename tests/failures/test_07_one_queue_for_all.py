"""A batch that takes its model or its settings from its first request answers the rest wrongly."""

from __future__ import annotations

from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from tests.failures.scene import asks, completions, in_words
from tests.model.tiny import answers, told, write_tiny
from tests.run.workspace import Workspace


def test_every_request_is_answered_by_its_model_with_its_settings(workspace: Workspace):
    in_words(workspace)
    write_tiny(workspace.folder / "one", "llama")
    write_tiny(workspace.folder / "other", "llama", initializer_range=0.5)
    settings = "[{name: short, max_tokens: 3}, {name: long, max_tokens: 9}]"
    asks(workspace, "./one", "./other", sampling=settings)
    found = completions(workspace, workspace.run(prompts=("plain",)).run_id)
    plan = workspace.plan(prompts=("plain",))
    alone = {spec: open_model(spec, Setup(workspace.folder)) for spec in ("./one", "./other")}
    for slot in plan.slots[::5]:
        candidate = plan.ready[slot.candidate].candidate
        (wanted,) = answers(alone[candidate.model], [plan.request(slot)]).values()
        assert told(found[candidate.name, plan.cases[slot.case].id, 0]) == told(wanted)

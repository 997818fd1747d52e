"""A cache that does not know which model wrote an output hands one model's outputs to another."""

from __future__ import annotations

import json

from tests.failures.scene import in_words, texts
from tests.model.test_adapter import write_adapter
from tests.model.tiny import write_tiny, write_tokenizer
from tests.run.workspace import Workspace

POLITE = "{% for m in messages %}w1 {{ m.content }} {% endfor %}w2"
CURT = POLITE.replace("w1", "w3")


def test_another_models_outputs_are_not_reused(workspace: Workspace):
    in_words(workspace)
    write_tiny(workspace.folder / "one", "llama")
    write_tiny(workspace.folder / "other", "llama", initializer_range=0.5)
    first = workspace.run(models=("./one",))
    second = workspace.run(models=("./other",))
    assert (first.generated, second.generated, second.reused) == (12, 12, 0)
    assert texts(workspace, first.run_id) != texts(workspace, second.run_id)


def test_an_adapter_makes_another_model(workspace: Workspace):
    in_words(workspace)
    write_adapter(workspace.folder, "llama")
    first = workspace.run(models=("./base",))
    second = workspace.run(models=("./adapter",))
    assert (second.generated, second.reused) == (12, 0)
    assert texts(workspace, first.run_id) != texts(workspace, second.run_id)


def test_another_tokenizer_makes_another_model(workspace: Workspace):
    in_words(workspace)
    folder = write_tiny(workspace.folder / "one", "llama")
    workspace.run(models=("./one",))
    file = folder / "tokenizer.json"
    said = json.loads(file.read_text())
    words = said["model"]["vocab"]
    words["w20"], words["w21"] = words["w21"], words["w20"]
    file.write_text(json.dumps(said))
    assert workspace.run(models=("./one",)).reused == 0


def test_another_chat_template_makes_another_model(workspace: Workspace):
    in_words(workspace)
    folder = write_tiny(workspace.folder / "one", "llama")
    write_tokenizer(folder, "<s> $A", POLITE)
    workspace.run(models=("./one",))
    write_tokenizer(folder, "<s> $A", CURT)
    assert workspace.run(models=("./one",)).reused == 0

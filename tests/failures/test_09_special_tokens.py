"""Two beginnings of sequence or none, no turn for the answer, or no chat template at all."""

from __future__ import annotations

import pytest

from tests.failures.scene import asks, prompts
from tests.model.tiny import write_tiny, write_tokenizer
from tests.run.workspace import Workspace, email

ADDS = "<s> $A"  # what the tokenizer does to a plain text
WRITES = (
    "{{ bos_token }} {% for m in messages %}w1 {{ m.content }} w2 {% endfor %}"
    "{% if add_generation_prompt %}w3{% endif %}"
)
SILENT = WRITES.removeprefix("{{ bos_token }} ")
BEGIN, W1, W2, W3, SAID = 1, 5, 6, 7, [14, 15]
TEMPLATES = {
    "template and tokenizer begin": (ADDS, WRITES, [BEGIN, W1, *SAID, W2, W3]),
    "the tokenizer begins": (ADDS, SILENT, [BEGIN, W1, *SAID, W2, W3]),
    "the template begins": ("", WRITES, [BEGIN, W1, *SAID, W2, W3]),
    "nothing begins": ("", SILENT, [W1, *SAID, W2, W3]),
    "no template": (ADDS, "", [BEGIN, *SAID]),
}


@pytest.mark.parametrize("kind", TEMPLATES)
def test_the_stored_ids_are_those_that_the_model_was_trained_on(workspace: Workspace, kind: str):
    adds, template, golden = TEMPLATES[kind]
    folder = write_tiny(workspace.folder / "tiny", "llama")
    write_tokenizer(folder, adds, template)
    asks(workspace, "./tiny")
    workspace.write("prompts/plain.j2", "{{ body }}")
    workspace.cases("test", {**email(0), "body": "w10 w11"})
    workspace.run(prompts=("plain",))
    assert list(prompts(workspace).values()) == [golden]

"""Row 8: a prompt that is cut to what fits, and scored as if it had been asked."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from promptbench.error import ModelError
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.record import Message
from tests.fake import FakeBackend
from tests.run.workspace import Workspace


def test_what_does_not_fit_is_an_error_and_nothing_is_run(workspace: Workspace, fake: FakeBackend):
    plan = workspace.plan()
    longest = max(slot.tokens for slot in plan.slots)
    fake.behaviour.context = longest + 16 - 1
    with pytest.raises(ModelError, match="needs 1 tokens more than the context"):
        workspace.run()
    assert fake.asked == []
    fake.behaviour.context += 1
    assert workspace.run().errors == 0


def test_a_tokenizer_with_a_limit_of_its_own_cuts_nothing(llama_folder: Path, tmp_path: Path):
    folder = Path(copytree(llama_folder, tmp_path / "limited"))
    settings = folder / "tokenizer.json"
    text = settings.read_text(encoding="utf-8")
    limit = '{"direction":"Right","max_length":8,"strategy":"LongestFirst","stride":0}'
    assert '"truncation": null' in text
    settings.write_text(text.replace('"truncation": null', f'"truncation": {limit}'))
    model = LocalModel("./limited", folder, Setup(folder))
    asked = "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12"
    assert model.encode((Message("user", asked),)).tokens == 13

"""Row 21: results that move with the size of the batch, and a report that does not say so."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.run.model_check import checked
from tests.model.tiny import answers, requests, texts
from tests.run.workspace import Workspace


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_an_answer_is_the_same_alone_and_in_company(
    llama_folder: Path, precision: Literal["float32", "int8"]
):
    model = LocalModel("./llama", llama_folder, Setup(llama_folder, precision=precision))
    asked = requests(model, texts(12, shared=6), max_tokens=16)
    together = answers(model, asked)
    alone = {one.key: answers(model, [one])[one.key] for one in asked}
    assert {k: c.text for k, c in together.items()} == {k: c.text for k, c in alone.items()}


def test_the_check_is_told_in_the_report(workspace: Workspace, llama_folder: Path):
    (workspace.folder / "llama").symlink_to(llama_folder)
    workspace.edit("suites/mail.yaml", "fake:a", "./llama")
    workspace.edit("suites/mail.yaml", "max_tokens: 16", "max_tokens: 2")
    page = workspace.run(limit=1).report.read_text(encoding="utf-8")
    assert "not run (promptbench check-model)" in page
    verdict = checked("./llama", Setup(workspace.folder))
    assert verdict.exact and verdict.requests == 12
    page = workspace.run(limit=2).report.read_text(encoding="utf-8")
    assert "48 of 48 outputs equal, 0 ties, 0 different" in page

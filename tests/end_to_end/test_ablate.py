"""Blocks of a real prompt left out, on the embedded language model."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from promptbench.model.local.convert import is_ready
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED
from promptbench.run.ablate import ablate
from promptbench.run.option import Options
from tests.run.workspace import Notes, Workspace

PROJECT = Path(__file__).parents[2]
SUITE = "suites/mail.yaml"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_ready(EMBEDDED["smollm2"], cache_folder()),
        reason="the embedded model is not installed: promptbench models pull smollm2",
    ),
]


def test_every_block_of_a_prompt_for_emails_is_weighed(tmp_path: Path):
    workspace = Workspace(tmp_path.resolve())
    copytree(PROJECT / "prompts", workspace.folder / "prompts")
    copytree(PROJECT / "suites" / "email", workspace.folder / "suites" / "email")
    workspace.write(SUITE, (PROJECT / "suites" / "email.yaml").read_text(encoding="utf-8"))
    workspace.edit(SUITE, "max_tokens: 96", "max_tokens: 4")
    path = workspace.folder / "suites" / "email" / "dev.jsonl"
    rows = sorted(path.read_text(encoding="utf-8").splitlines(), key=len)
    path.write_text("\n".join(rows), encoding="utf-8")
    options = Options(split="", prompts=("executive",), limit=2)
    result = ablate(workspace.suite, options, (), Notes())
    found = result.summary.ablation
    assert found is not None
    assert {worth.block for worth in found.worths} == {
        "system",
        "instruction",
        "examples",
        "input",
        "cue",
    }
    assert (result.errors, result.generated) == (0, 4 * 2 + 1), "one prompt is left without input"
    tokens = {worth.block: worth.tokens for worth in found.worths}
    assert tokens["examples"] == 0
    assert tokens["instruction"] is not None and 15 < tokens["instruction"] < 25
    page = result.report.read_text(encoding="utf-8")
    assert "What each block of <bdi>executive</bdi> is worth" in page
    assert "What a prompt is made of" in page
    again = ablate(workspace.suite, options, (), Notes())
    assert (again.generated, again.run_id) == (0, result.run_id)

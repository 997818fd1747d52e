"""One model in promptbench, in llama.cpp and behind its server, measured for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.served_gguf import NAME
from tests.run.workspace import Workspace, write_workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = write_workspace(tmp_path_factory.mktemp("workspace"))
    made.edit("suites/mail.yaml", "fake:a", NAME)
    made.edit("suites/mail.yaml", "{max_tokens: 16}", "{max_tokens: 8}")
    return made


def compared(workspace: Workspace, *arguments: str) -> dict[str, Any]:
    """What the command says."""
    command = [sys.executable, "-m", "promptbench", "backends", "suites/mail.yaml", "--json"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [*command, *arguments],
        cwd=workspace.folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_three_backends_are_measured(workspace: Workspace):
    said = compared(workspace, "--limit", "2")
    names = ["promptbench (float32)", "llama.cpp (Q4_1)", "llama.cpp server (Q4_1)"]
    assert [each["name"] for each in said["backends"]] == names
    ours, inside, served = said["backends"]
    for each in said["backends"]:
        assert each["outputs"] == 2
        assert each["seconds_per_output"] > 0 and each["tokens_per_second"] > 0
        assert 0 < each["first_token"] < 600
        if sys.platform == "linux":
            assert each["peak_memory"] > 98_000_000, "the weights are in it"
    if sys.platform == "linux":
        # float32 weights and torch on one side, a mapped file and no torch on the other.
        assert ours["peak_memory"] > inside["peak_memory"] + 400_000_000
    assert served["mean"] == inside["mean"], "the same file in the same program"
    run = workspace.samples(said["run"])
    texts = {sample.candidate: sample.completion.text for sample in run if sample.completion}
    assert len(texts) == 3
    assert (workspace.folder / "reports" / said["run"] / "backends.md").is_file()

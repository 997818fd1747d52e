"""A cache that overlooks a sampling setting answers with what other settings have written."""

from __future__ import annotations

import pytest

from tests.failures.scene import asks
from tests.run.workspace import Workspace

WARM = {
    "max_tokens": 8,
    "temperature": 0.7,
    "top_p": 0.9,
    "top_k": 40,
    "repetition_penalty": 1.1,
    "stop": ["END"],
    "seed": 1,
}
CHANGED = {
    "max_tokens": 9,
    "temperature": 0.8,
    "top_p": 0.8,
    "top_k": 41,
    "repetition_penalty": 1.2,
    "stop": ["END", "STOP"],
    "seed": 2,
}


@pytest.mark.parametrize("setting", CHANGED)
def test_no_setting_is_overlooked(workspace: Workspace, setting: str):
    one, other = WARM | {"name": "one"}, WARM | {"name": "other", setting: CHANGED[setting]}
    asks(workspace, "fake:a", sampling=f"[{one}, {other}]")
    result = workspace.run(prompts=("plain",))
    assert (result.generated, result.reused) == (12, 0), f"{setting} is not in the key"

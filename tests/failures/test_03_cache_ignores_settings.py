"""Row 3: a cache that ignores generation settings, so that a new temperature changes nothing."""

from __future__ import annotations

import pytest

from tests.run.workspace import Workspace

WARM = "{max_tokens: 16, temperature: 0.7, top_p: 0.9, top_k: 40, stop: [END], seed: 1}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("max_tokens: 16", "max_tokens: 17"),
        ("temperature: 0.7", "temperature: 0.8"),
        ("top_p: 0.9", "top_p: 0.8"),
        ("top_k: 40", "top_k: 41"),
        ("stop: [END]", "stop: [STOP]"),
        ("seed: 1", "seed: 2"),
        ("seed: 1", "seed: 1, repetition_penalty: 1.1"),
    ],
)
def test_each_setting_that_matters_is_in_the_key(workspace: Workspace, old: str, new: str):
    workspace.edit("suites/mail.yaml", "{max_tokens: 16}", WARM)
    first = workspace.run()
    workspace.edit("suites/mail.yaml", old, new)
    second = workspace.run()
    assert (first.generated, second.generated) == (12, 12)
    assert first.run_id != second.run_id

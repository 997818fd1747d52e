"""Repeats that share a cache entry, or a seed, are one sample counted several times."""

from __future__ import annotations

from tests.failures.scene import asks, in_words, texts
from tests.model.tiny import write_tiny
from tests.run.workspace import Workspace


def test_each_repeat_is_a_draw_of_its_own(workspace: Workspace):
    in_words(workspace)
    write_tiny(workspace.folder / "tiny", "llama")
    asks(workspace, "./tiny", sampling="{max_tokens: 8, temperature: 1.0}")
    result = workspace.run(prompts=("plain",), repeats=3)
    assert (result.generated, result.reused) == (18, 0)
    found = texts(workspace, result.run_id)
    drawn = [{found["plain", f"mail-{number}", n] for n in range(3)} for number in range(6)]
    assert all(len(different) > 1 for different in drawn), "repeats of a case are all equal"

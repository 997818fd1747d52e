"""A stop string read as single letters, or one row's end taken for all rows', cuts outputs."""

from __future__ import annotations

import pytest

from tests.failures.scene import asks, completions, in_words
from tests.model.tiny import write_tiny
from tests.run.workspace import Workspace

LIMIT = 24


def ended(text: str, stop: str) -> str:
    """The text up to its stop string."""
    return text.partition(stop)[0].strip()


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_each_row_ends_at_its_own_end_and_says_why(workspace: Workspace, kind: str):
    in_words(workspace)
    write_tiny(workspace.folder / "tiny", kind)
    asks(workspace, "./tiny", sampling=f"{{max_tokens: {LIMIT}}}")
    whole = completions(workspace, workspace.run(prompts=("plain",)).run_id)
    longest = max(whole.values(), key=lambda done: len(done.text))
    stop = " ".join(longest.text.split()[4:6])
    workspace.edit("suites/mail.yaml", f"{LIMIT}}}", f"{LIMIT}, stop: [{stop}]}}")
    found = completions(workspace, workspace.run(prompts=("plain",)).run_id)
    for place, done in whole.items():
        reason = "stop_string" if stop in done.text else done.finish_reason
        wanted = (ended(done.text, stop), reason)
        assert (found[place].text, found[place].finish_reason) == wanted
    assert "stop_string" in {done.finish_reason for done in found.values()}
    cut = [done.output_tokens for done in whole.values() if done.finish_reason == "length"]
    assert set(cut) == {LIMIT}

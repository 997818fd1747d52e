"""A prompt that does not fit loses its end, and what is answered to the rest is scored."""

from __future__ import annotations

import pytest

from promptbench.error import ModelError
from tests.failures.scene import asks, completions, prompts
from tests.model.tiny import write_tiny
from tests.run.workspace import Workspace, email

CONTEXT = 1024
ANSWER = 16


def long_email(workspace: Workspace, words: int) -> None:
    """Let one of the cases be long, ending in the question; the prompt adds a few words."""
    write_tiny(workspace.folder / "tiny", "llama", max_position_embeddings=CONTEXT)
    asks(workspace, "./tiny")
    body = " ".join(["w9"] * (words - 1) + ["w23"])
    workspace.cases("test", email(0), {**email(2), "body": body})


def test_a_long_prompt_is_read_to_its_end(workspace: Workspace):
    long_email(workspace, 900)
    result = workspace.run(prompts=("plain",))
    done = completions(workspace, result.run_id)["plain", "mail-2", 0]
    (ids,) = (ids for text, ids in prompts(workspace).items() if "w23" in text)
    assert (ids.count(13), ids[-1]) == (899, 27), "the email or its end is missing"
    assert done.prompt_tokens == len(ids)


@pytest.mark.parametrize("words", [CONTEXT + 300, CONTEXT - ANSWER])
def test_what_does_not_fit_with_its_answer_is_an_error(workspace: Workspace, words: int):
    long_email(workspace, words)
    with pytest.raises(ModelError, match=r"does not fit .* case mail-2 needs"):
        workspace.run(prompts=("plain",))

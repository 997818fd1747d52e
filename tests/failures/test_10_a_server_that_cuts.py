"""A server that is not told the context, or not believed about it, cuts prompts in silence."""

from __future__ import annotations

from collections.abc import Callable

from tests.failures.scene import asks, completions
from tests.model.remote.server import Answer, Asked, serving
from tests.run.workspace import Workspace, email

CONTEXT = 64


def ollama(prompt_tokens: int) -> Callable[[Asked, int], Answer]:
    """A server that says how many tokens of the prompt it has read, on either of its routes."""

    def answer(asked: Asked, number: int) -> Answer:
        message = {"role": "assistant", "content": "Bring notes."}
        native = {"message": message, "done": True, "done_reason": "stop", "eval_count": 3}
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": 3}
        choice = {"message": message, "finish_reason": "stop"}
        return Answer(
            {"model": "m", "prompt_eval_count": prompt_tokens, "usage": usage, "choices": [choice]}
            | native
        )

    return answer


def test_ollama_is_told_the_context_and_a_full_one_is_an_error(workspace: Workspace):
    workspace.cases("test", email(0))
    with serving(ollama(20)) as server:
        spec = f"{{model: 'ollama:m@{server.base}', server: {{context: {CONTEXT}}}}}"
        asks(workspace, spec)
        whole = workspace.run(prompts=("plain",))
        asked = server.asked[-1]
        assert asked.path.endswith("/api/chat"), "the other route takes no context"
        assert asked.body.get("options", {}).get("num_ctx") == CONTEXT
        server.behaviour = ollama(CONTEXT - 1)
        cut = workspace.run(prompts=("plain",), fresh=True)
    (read,) = completions(workspace, whole.run_id).values()
    assert (read.prompt_tokens, read.error, whole.errors) == (20, "", 0)
    (full,) = completions(workspace, cut.run_id).values()
    assert "tokens more than its context of 64" in full.error
    assert cut.errors == 1

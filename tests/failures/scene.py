"""What the tests of failures look at: the cells of a run, its prompts and what its suite asks."""

from __future__ import annotations

from array import array

from promptbench.record import Completion
from tests.model.tiny import texts as drawn
from tests.run.workspace import Workspace, email

Place = tuple[str, str, int]
"""Candidate, case and repeat."""


def completions(workspace: Workspace, run_id: str) -> dict[Place, Completion]:
    """The output of every cell. A cell without one fails the test."""
    found = {}
    for sample in workspace.samples(run_id):
        assert sample.completion is not None, f"{sample.case_id} has no output"
        found[sample.candidate, sample.case_id, sample.repeat] = sample.completion
    return found


def texts(workspace: Workspace, run_id: str) -> dict[Place, str]:
    """The text of every cell."""
    return {place: done.text for place, done in completions(workspace, run_id).items()}


def prompts(workspace: Workspace) -> dict[str, list[int]]:
    """All prompts of the store with their token ids, by their text."""
    with workspace.store() as store:
        rows = list(store.query("SELECT text, ids FROM request"))
    return {text: array("I", ids).tolist() for text, ids in rows}


def asks(workspace: Workspace, *models: str, sampling: str = "{max_tokens: 16}") -> None:
    """Let the suite ask these models, sampled like this."""
    listed = "".join(f"\n  - {model}" for model in models)
    workspace.edit("suites/mail.yaml", "\n  - fake:a", listed)
    workspace.edit("suites/mail.yaml", "{max_tokens: 16}", sampling)


def scored_by(workspace: Workspace, metrics: str) -> None:
    """Let the suite have these metrics."""
    workspace.edit("suites/mail.yaml", "  - rougeL\n  - words: {max: 8}\n", metrics)


def in_words(workspace: Workspace) -> None:
    """Let the cases be in words that the tiny models know: to them all others are one token."""
    bodies = drawn(6, longest=30)
    workspace.cases("test", *({**email(n), "body": body} for n, body in enumerate(bodies)))

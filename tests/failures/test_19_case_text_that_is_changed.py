"""The text of a case is read as a template, or escaped for HTML, before the model sees it."""

from __future__ import annotations

from tests.failures.scene import prompts
from tests.run.workspace import Workspace, email

TEXT = "{{ 7 * 7 }} {# a note #} <b>R&D</b> says \"5 > 4\" & 'so'"


def test_it_stands_in_the_prompt_as_it_is(workspace: Workspace):
    workspace.cases("test", {**email(0), "body": TEXT})
    workspace.run(prompts=("plain",))
    (prompt,) = prompts(workspace)
    assert TEXT in prompt, "the case's text was changed"

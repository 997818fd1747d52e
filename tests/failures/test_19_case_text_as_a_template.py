"""Row 19: case text that is rendered as a template, or escaped for HTML."""

from __future__ import annotations

import pytest

from tests.run.workspace import Workspace, email


@pytest.mark.parametrize(
    "text",
    [
        "Dear {{ subject }}, {% raw %} 7 * 7 = {{ 7 * 7 }} {# not a comment #} {{ 'a' ~ 'b' }}",
        "<b>R&D</b> says \"5 < 6\" & 'so on' &amp; &#39;",
    ],
)
def test_it_reaches_the_model_as_it_is(workspace: Workspace, text: str):
    workspace.many({**email(0), "subject": text, "body": text})
    plan = workspace.plan()
    for slot in plan.slots:
        assert f"{text}: {text}" in plan.request(slot).messages[-1].text

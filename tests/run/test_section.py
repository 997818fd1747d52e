"""Tokens of the sections of a run's prompts."""

from __future__ import annotations

import pytest

from promptbench.run import section
from promptbench.run.section import sections_of, spread
from tests.run.workspace import Workspace


def test_the_sections_of_each_candidate_are_counted(workspace: Workspace):
    found = sections_of(workspace.plan())
    assert (found["cases"], found["of"]) == (6, 6)
    plain = found["candidates"]["plain"]
    assert plain["sections"] == [
        [0, "system", 4.0, 4, 4, 4.0],
        [0, "user", 25.0, 25, 25, 0.0],
        [1, "instruction", 4.0, 4, 4, 4.0],
        [1, "input", 21.0, 21, 21, 21.0],
        [0, "chat template and special tokens", 3.0, 3, 3, 3.0],
    ]
    assert plain["total"] == [32.0, 32, 32]
    assert set(found["candidates"]) == {"plain", "brief"}


def test_what_lies_in_no_inner_section_adds_up_to_the_prompt(workspace: Workspace):
    workspace.write(
        "prompts/plain.j2",
        "{% block user %}Now {% block outer %}one {% block inner %}{{ body }}{% endblock %}!"
        "{% endblock %}{% block after %} {{ subject }}{% endblock %} done{% endblock %}",
    )
    plan = workspace.plan(prompts=("plain",))
    plain = sections_of(plan)["candidates"]["plain"]
    assert sum(row[5] for row in plain["sections"]) == plain["total"][0] == plan.slots[0].tokens
    assert [row[:2] for row in plain["sections"]][:4] == [
        [0, "user"],
        [1, "outer"],
        [2, "inner"],
        [1, "after"],
    ]


def test_of_many_cases_some_are_taken_from_all_over_the_run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    assert spread(3, 200) == [0, 1, 2]
    assert spread(1000, 4) == [0, 250, 500, 750]
    monkeypatch.setattr(section, "MOST_CASES", 2)
    found = sections_of(workspace.plan())
    assert (found["cases"], found["of"]) == (2, 6)


def test_the_manifest_holds_them(workspace: Workspace):
    result = workspace.run(limit=2)
    with workspace.store() as store:
        manifest = store.run(result.run_id).manifest
    assert manifest["sections"] == sections_of(workspace.plan(limit=2))

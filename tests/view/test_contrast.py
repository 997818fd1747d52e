from __future__ import annotations

from dataclasses import replace

import pytest

from promptbench.run.compare import compare_runs
from promptbench.view.contrast import Contrast, Setting, contrast, counterparts, settings
from tests.report.records import candidate
from tests.run.workspace import Workspace, email


def held(workspace: Workspace, first: str, second: str) -> Contrast:
    with workspace.store() as store:
        return contrast(store, first, second)


def test_it_says_what_promptbench_compare_says(workspace: Workspace, two: tuple[str, str]):
    found = held(workspace, *two)
    with workspace.store() as store:
        assert found.pairs == compare_runs(store, *two, ())
    assert (found.why, found.shared, bool(found.data), found.alone) == ("", 12, False, ((), ()))
    assert found.names == (("plain", "plain"), ("brief", "brief"))
    assert [change and change.metric.name for change in found.leads] == ["rougeL", "rougeL"]


def test_it_shows_how_a_prompt_was_rewritten(workspace: Workspace, two: tuple[str, str]):
    plain, _ = held(workspace, *two).rewrites
    changed = [(sign, line) for sign, line in plain.lines if sign != " "]
    assert changed == [
        ("-", "{% block instruction %}Summarize this email.{% endblock %}"),
        ("+", "{% block instruction %}Say in brief what this says.{% endblock %}"),
    ]
    assert (plain.first, plain.second) == ("plain", "plain")


def test_what_differs_is_named_and_what_does_not_is_left_out():
    first = {"seed": 0, "versions": {"torch": "2.0", "python": "3.11"}, "models": {"a": {"x": 1}}}
    second = {"seed": 1, "versions": {"torch": "2.1", "python": "3.11"}, "models": {"b": {"x": 1}}}
    assert list(settings(first, second)) == [
        Setting("seed", "", "0", "1"),
        Setting("versions", "torch", "2.0", "2.1"),
        Setting("models", "a", "1 entry", "none"),
        Setting("models", "b", "none", "1 entry"),
    ]


def test_candidates_are_paired_by_name_and_then_by_prompt_and_model():
    plain, brief, other = candidate("plain"), candidate("brief"), candidate("other")
    renamed = replace(brief, name="brief again")
    assert counterparts([plain, brief, other], [renamed, plain]) == (
        (plain, plain),
        (brief, renamed),
    )


def test_runs_over_other_cases_are_compared_where_they_share_some(workspace: Workspace):
    first = workspace.run().run_id
    workspace.many({**email(1), "references": ["Something else."]}, *map(email, range(2, 9)))
    second = workspace.run().run_id
    found = held(workspace, first, second)
    assert (found.shared, found.why) == (4, "")
    assert found.data.only_first == ("mail-0",)
    assert found.data.changed == ("mail-1",)
    (change, _) = found.leads
    assert change and change.difference and change.difference.n == 4
    # A case stands where its own run has it.
    assert (found.first.places["mail-2"], found.second.places["mail-2"]) == (3, 2)


def test_candidates_without_a_counterpart_are_named(workspace: Workspace):
    first = workspace.run(prompts=("plain",)).run_id
    found = held(workspace, first, workspace.run().run_id)
    assert found.names == (("plain", "plain"),)
    assert found.alone == ((), ("brief",))


@pytest.mark.parametrize("what", ["itself", "no case", "no candidate"])
def test_what_cannot_be_compared_is_said_in_words(workspace: Workspace, what: str):
    first = second = workspace.run(prompts=("plain",)).run_id
    if what == "no case":
        workspace.many(*map(email, range(50, 60)))
        second = workspace.run(prompts=("plain",)).run_id
    if what == "no candidate":
        second = workspace.run(prompts=("brief",)).run_id
    found = held(workspace, first, second)
    assert found.pairs == ()
    words = {
        "itself": "the same run twice",
        "no case": "no case in common",
        "no candidate": "No candidate of one run has a counterpart",
    }
    assert words[what] in found.why

"""Backends are measured one after the other, then compared: with the fake model as both."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from promptbench.backends import workflow
from promptbench.backends.backend import Found
from promptbench.backends.option import BackendOptions
from promptbench.backends.workflow import compare_backends
from promptbench.error import ModelError, RunError, SuiteError
from promptbench.store.outcome import samples_by_arrival
from tests.backends.conftest import FIRST, SECOND, Kept
from tests.fake import FakeBackend
from tests.run.chatting import write_chat
from tests.run.workspace import Workspace

SUITE = "suites/mail.yaml"


def test_each_backend_is_measured_afresh_and_all_are_compared(
    workspace: Workspace, fakes: FakeBackend
):
    watchers = Kept()
    found = compare_backends(workspace.suite, BackendOptions(), watchers)
    assert [notes.missing for notes in watchers.runs] == [6, 6, 0]
    assert [sum(map(len, notes.batches)) for notes in watchers.runs] == [6, 6, 0]
    assert fakes.asked == [], "this process generates nothing"
    first, second = found.table.lines
    assert (first.backend.spec, second.backend.spec) == ("fake:a", "fake:b")
    for line in found.table.lines:
        assert (line.took.outputs, line.took.errors) == (6, 0)
        assert line.took.tokens > 6
        assert 0 < line.took.ready < 600
        assert line.took.memory is None or 10**7 < line.took.memory < 10**10
    assert first.comparison is None and first.meaning == ""
    assert second.comparison is not None and second.same is not None
    assert (found.missing[0].name, found.notes) == ("three", ("A note.",))
    page = found.result.report.read_text(encoding="utf-8")
    assert "1 MB" in found.result.report.with_name("backends.md").read_text(encoding="utf-8")
    assert "promptbench backends suites/mail.yaml" in page


def test_the_figures_are_those_of_the_runs_and_stand_in_the_manifest(
    workspace: Workspace, fakes: FakeBackend
):
    found = compare_backends(workspace.suite, BackendOptions(limit=4), Kept())
    with workspace.store() as store:
        for line in found.table.lines:
            run = store.run(line.took.run_id)
            outputs = [s.completion for s in samples_by_arrival(store, line.took.run_id)]
            assert run.status == "complete"
            assert line.took.seconds == run.seconds > 0
            assert line.took.tokens == sum(one.output_tokens for one in outputs if one)
        manifest = store.run(found.result.run_id).manifest
    assert list(manifest["backends"]) == ["one", "two"]
    assert manifest["backends"]["two"]["tokens"] == found.table.lines[1].took.tokens
    assert manifest["not compared"] == {"three": "it is not installed"}
    assert manifest["command"] == "promptbench backends suites/mail.yaml --limit 4"


def test_the_same_command_measures_again_and_is_another_run(
    workspace: Workspace, fakes: FakeBackend
):
    first, second = (compare_backends(workspace.suite, BackendOptions(), Kept()) for _ in range(2))
    assert first.result.run_id != second.result.run_id
    for before, after in zip(first.table.lines, second.table.lines, strict=True):
        assert before.took.run_id != after.took.run_id
        assert before.estimate == after.estimate


def test_one_prompt_is_compared(workspace: Workspace, fakes: FakeBackend):
    found = compare_backends(workspace.suite, BackendOptions(prompt="brief"), Kept())
    assert found.table.prompt == "brief"
    assert len(workspace.samples(found.result.run_id)) == 2 * 6


def test_a_prompt_that_there_is_not_is_an_error(workspace: Workspace, fakes: FakeBackend):
    with pytest.raises(SuiteError, match="no prompt 'breif'") as caught:
        compare_backends(workspace.suite, BackendOptions(prompt="breif"), Kept())
    assert "Did you mean 'brief'?" in caught.value.hint


def test_a_chat_is_refused(workspace: Workspace, fakes: FakeBackend):
    talk = write_chat(workspace.folder / "talk")
    with pytest.raises(SuiteError, match="the suite is a chat"):
        compare_backends(talk.folder / "suites" / "talk.yaml", BackendOptions(), Kept())


def test_a_backend_that_fails_ends_the_comparison(
    workspace: Workspace, fakes: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAKE_MODEL", json.dumps({"failing": ["number 3"]}))
    with pytest.raises(RunError, match="1 of 6 outputs of one failed") as caught:
        compare_backends(workspace.suite, BackendOptions(), Kept())
    run_id = caught.value.hint.split("`")[1].split()[-1]
    assert len(workspace.samples(run_id)) == 6


def test_what_a_process_says_is_wrong_is_said_here(
    workspace: Workspace, fakes: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAKE_MODEL", json.dumps({"context": 8}))
    with pytest.raises(ModelError, match="one: prompt 'plain' does not fit") as caught:
        compare_backends(workspace.suite, BackendOptions(), Kept())
    assert caught.value.where.endswith("prompts/plain.j2")


def test_a_process_that_dies_is_an_error(
    workspace: Workspace, fakes: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAKE_DEATH", "yes")
    with pytest.raises(RunError, match="the process of one ended without a word"):
        compare_backends(workspace.suite, BackendOptions(), Kept())


def test_a_suite_that_only_chooses_leaves_the_server_out(
    workspace: Workspace, fakes: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    served = replace(SECOND, name="served", spec="", file="x.gguf", alias="x")
    found = Found((FIRST, SECOND, served), ())
    monkeypatch.setattr(workflow, "find_backends", lambda spec, options, setup: found)
    workspace.edit(SUITE, "metrics:\n  - rougeL\n  - words: {max: 8}\n", "metrics: [accuracy]\n")
    workspace.edit(SUITE, "suite: mail\n", "suite: mail\ntask: classify\nlabels: [no, yes]\n")
    workspace.edit(SUITE, "{max_tokens: 16}", "{answer: likelihood}")
    rows = [
        {
            "id": f"{n}",
            "subject": f"s {n}",
            "body": f"yes no {n}",
            "references": ["no"],
            "thread": n,
        }
        for n in range(4)
    ]
    workspace.cases("test", *rows)
    compared = compare_backends(workspace.suite, BackendOptions(allow_leaks=True), Kept())
    assert [line.backend.name for line in compared.table.lines] == ["one", "two"]
    assert "does not tell how likely a given answer is" in compared.missing[0].why

"""A prompt with and without its blocks, on the fake model."""

from __future__ import annotations

from typing import Any

import pytest

from promptbench.error import PromptError, SuiteError
from promptbench.record import Run
from promptbench.run.ablate import ablate
from promptbench.run.job import Result
from promptbench.run.option import Options
from tests.fake import FakeBackend
from tests.run.workspace import Notes, Workspace


def ablated(
    workspace: Workspace,
    *blocks: str,
    prompt: str = "plain",
    watcher: Notes | None = None,
    **options: Any,
) -> Result:
    asked = Options(**({"split": "", "prompts": (prompt,)} | options))
    return ablate(workspace.suite, asked, blocks, watcher or Notes())


def run_of(workspace: Workspace, result: Result) -> Run:
    with workspace.store() as store:
        return store.run(result.run_id)


def test_the_prompt_runs_with_and_without_each_innermost_block_on_dev(
    workspace: Workspace, fake: FakeBackend
):
    result = ablated(workspace)
    run = run_of(workspace, result)
    names = ["plain", "plain without system", "plain without instruction", "plain without input"]
    assert [each.name for each in run.candidates] == names
    assert (run.split, result.generated) == ("dev", 4 * 3 + 1), "without input, one prompt is asked"
    assert len({each.prompt.digest for each in run.candidates}) == 4
    assert {each.prompt.path for each in run.candidates} == {"prompts/plain.j2"}
    blind = {each["block"]: each["blind"] for each in run.manifest["ablation"]["blocks"]}
    assert blind == {"system": False, "instruction": False, "input": True}
    assert run.manifest["command"] == (
        "promptbench ablate suites/mail.yaml --split dev --prompt plain"
    )


def test_outputs_of_a_run_before_are_reused_and_the_same_call_continues(
    workspace: Workspace, fake: FakeBackend
):
    workspace.run(split="dev", prompts=("plain",))
    fake.asked.clear()
    first = ablated(workspace)
    assert first.generated == len(fake.asked) == 4 * 2 + 1
    again = ablated(workspace)
    assert (again.run_id, again.generated) == (first.run_id, 0)
    assert again.report.read_bytes() == first.report.read_bytes()


def test_a_run_that_was_interrupted_goes_on(workspace: Workspace, fake: FakeBackend):
    fake.behaviour.breaks_after, fake.behaviour.broken = 2, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        ablated(workspace)
    fake.behaviour.breaks_after = None
    watcher = Notes()
    ablated(workspace, watcher=watcher)
    assert watcher.missing == 13 - 6


def test_a_block_without_an_effect_is_said_and_not_run(workspace: Workspace, fake: FakeBackend):
    workspace.edit(
        "prompts/plain.j2", "{% block input", "{% block extra %}{% endblock %}{% block input"
    )
    result = ablated(workspace)
    assert len(run_of(workspace, result).candidates) == 4
    found = result.summary.ablation
    assert found is not None
    (extra,) = [worth for worth in found.worths if worth.block == "extra"]
    assert (extra.candidate, extra.tokens, extra.comparison) == ("", 0.0, None)
    assert "nothing was run" in extra.remarks[0]


def test_blocks_are_named_and_take_the_inner_ones_along(workspace: Workspace):
    workspace.edit(
        "prompts/plain.j2",
        "{% block instruction %}Summarize this email.{% endblock %}",
        "{% block frame %}Please. {% block instruction %}Summarize.{% endblock %}{% endblock %}",
    )
    workspace.edit("suites/mail.yaml", "  - ../prompts/brief.j2\n", "")
    result = ablated(workspace, "frame", "instruction")
    found = result.summary.ablation
    assert found is not None
    inside = {worth.block: worth.inside for worth in found.worths}
    assert inside == {"frame": ("instruction",), "instruction": ()}
    command = run_of(workspace, result).manifest["command"]
    assert command.endswith("--prompt plain --block frame --block instruction")


def test_tokens_are_what_a_block_adds_to_a_prompt(workspace: Workspace):
    found = ablated(workspace).summary.ablation
    assert found is not None
    tokens = {worth.block: worth.tokens for worth in found.worths}
    assert tokens["instruction"] == 4  # Summarize this email .
    assert tokens["system"] == 5  # with the role's own token


def test_what_leaves_no_prompt_is_said_or_if_asked_for_refused(workspace: Workspace):
    workspace.write(
        "prompts/plain.j2", "{% block all %}{{ body }}{% endblock %}{% block b %}{% endblock %}"
    )
    workspace.write("prompts/brief.j2", "{{ body }}")
    with pytest.raises(PromptError, match="no block of prompt 'plain' can be left out: all: case"):
        ablated(workspace)
    with pytest.raises(
        PromptError, match=r"without block 'all': case .* renders to no user message"
    ):
        ablated(workspace, "all")
    with pytest.raises(PromptError, match="has no named block"):
        ablated(workspace, prompt="brief")
    with pytest.raises(SuiteError, match="no prompt 'plan'"):
        ablated(workspace, prompt="plan")
    with pytest.raises(PromptError, match="has no block 'bl'"):
        ablated(workspace, "bl")
    assert not (workspace.folder / ".promptbench").exists(), "nothing ran before"


def test_without_a_dev_split_the_test_cases_are_taken(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "  dev: mail/dev.jsonl\n", "")
    run = run_of(workspace, ablated(workspace, limit=2))
    assert run.split == "test"
    assert run.manifest["command"] == (
        "promptbench ablate suites/mail.yaml --limit 2 --prompt plain --split test"
    )

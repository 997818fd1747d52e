"""Leaks on the command line: refused, allowed and told, looked at."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Ask
from tests.run.workspace import Workspace, email

SUITE = "suites/mail.yaml"


@pytest.fixture(autouse=True)
def leaky(workspace: Workspace) -> None:
    """Two of the six test cases stand in train."""
    workspace.cases("train", {**email(2), "id": "t-2"}, {**email(4), "id": "t-4"}, email(20))


def test_a_run_is_refused_with_the_pairs(ask: Ask, workspace: Workspace):
    reply = ask("run", SUITE)
    assert reply.code == 2
    told = " ".join(reply.err.split())
    assert "suites/mail/test.jsonl:3: 2 of 6 test cases leak from train" in told
    assert "mail-2 equals train case t-2 (suites/mail/train.jsonl:1)" in told
    assert "--allow-leaks" in told
    assert not (workspace.folder / ".promptbench").exists()


def test_allow_leaks_evaluates_the_clean_cases_and_says_so(ask: Ask):
    reply = ask("run", SUITE, "--allow-leaks")
    assert reply.code == 0
    assert "Evaluated on 4 of 6 cases: 2 leak from train." in " ".join(reply.out.split())
    assert "8 outputs, 8 to generate" in reply.err
    found = json.loads(ask("run", SUITE, "--allow-leaks", "--json").out)
    assert {candidate["n"] for candidate in found["candidates"]} == {4}
    assert found["generated"] == 0


def test_validate_tells_of_leaks(ask: Ask):
    reply = ask("validate", SUITE)
    assert reply.code == 0
    told = " ".join(reply.out.split())
    assert "warning: 2 of 6 test cases leak from train: mail-2 equals train case t-2" in told


def test_render_shows_a_case_that_leaks(ask: Ask):
    reply = ask("render", SUITE, "--prompt", "plain", "--case", "mail-2")
    assert reply.code == 0
    assert "Meeting number 2" in reply.out

"""`promptbench run --race` in the terminal."""

from __future__ import annotations

import pytest

from tests import fake as fake_module
from tests.cli.conftest import Ask
from tests.run.test_race import WORSE, answer
from tests.run.workspace import Workspace, email

SUITE = "suites/mail.yaml"


def test_the_saved_work_is_told_while_it_runs_and_at_the_end(
    ask: Ask, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    workspace.many(*[email(number, number) for number in range(120)])
    workspace.write(
        "prompts/brief.j2",
        '{% extends "plain.j2" %}{% block instruction %}' + WORSE + "{% endblock %}",
    )
    monkeypatch.setattr(fake_module, "answer", answer)
    reply = ask("run", SUITE, "--race")
    assert reply.code == 0
    assert "brief: beaten, stopped after " in reply.err
    assert " of 120 cases (" in reply.err
    assert "outputs saved)" in reply.err
    assert "brief: stopped after " in reply.out
    assert "of 120 cases by the race." in reply.out
    ranked = [line.split()[0] for line in reply.out.splitlines() if " fake:a " in line]
    assert ranked == ["plain", "brief"]


def test_a_race_of_one_is_bad_input(ask: Ask):
    reply = ask("run", SUITE, "--race", "--prompt", "plain")
    assert (reply.code, reply.out) == (2, "")
    assert "a race needs two candidates" in reply.err

"""`promptbench run` on a suite with gates: what it prints, the files it leaves, its exit code."""

from __future__ import annotations

import json
from xml.etree import ElementTree as Xml

import pytest

from tests.cli.conftest import Ask
from tests.fake import FakeBackend
from tests.run.workspace import Workspace

SUITE = "suites/mail.yaml"


@pytest.fixture
def gated(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The suite with a gate that passes, one that fails and one that is undecided."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    text = workspace.suite.read_text(encoding="utf-8")
    gates = "gates:\n  - rougeL >= 0\n  - rougeL >= 0.99\n  - not worse than latest\n"
    workspace.write(SUITE, text + gates)
    return workspace


def test_a_gate_that_fails_is_exit_code_1_and_the_table_says_why(ask: Ask, gated: Workspace):
    reply = ask("run", SUITE)
    assert reply.code == 1
    (failed,) = [line for line in reply.out.splitlines() if line.startswith("rougeL >= 0.99")]
    assert "failed: the low end" in failed
    assert "is below 0.99" in failed
    (passed,) = [line for line in reply.out.splitlines() if line.startswith("rougeL >= 0 ")]
    assert passed.rstrip().endswith("passed")
    assert "undecided: there is no earlier complete run" in reply.out


def test_gates_that_pass_or_are_undecided_are_exit_code_0(ask: Ask, gated: Workspace):
    gated.edit(SUITE, "  - rougeL >= 0.99\n", "")
    assert ask("run", SUITE).code == 0


def test_json_has_the_gates_with_their_figures(ask: Ask, gated: Workspace):
    reply = ask("run", SUITE, "--json")
    assert reply.code == 1
    found = json.loads(reply.out)["gates"]
    assert [each["verdict"] for each in found] == ["passed", "failed", "undecided"]
    assert found[1]["gate"] == "rougeL >= 0.99"
    assert found[1]["line"] == 19
    assert found[1]["low"] < found[1]["mean"] < found[1]["high"]
    assert found[2]["mean"] is None


def test_a_suite_without_gates_has_none_in_its_json(ask: Ask):
    reply = ask("run", SUITE, "--json")
    assert (reply.code, json.loads(reply.out)["gates"]) == (0, [])


def test_junit_writes_the_gates_to_a_file(ask: Ask, gated: Workspace):
    assert ask("run", SUITE, "--junit", "junit.xml").code == 1
    root = Xml.fromstring((gated.folder / "junit.xml").read_text(encoding="utf-8"))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("3", "1", "1")


def test_a_junit_file_that_has_no_place_is_bad_input_before_anything_runs(
    ask: Ask, gated: Workspace, fake: FakeBackend
):
    reply = ask("run", SUITE, "--junit", "none/junit.xml")
    assert (reply.code, reply.out, fake.asked) == (2, "", [])
    assert "there is no folder none" in reply.err


def test_on_github_the_line_of_the_gate_is_marked(
    ask: Ask, gated: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(gated.folder))
    reply = ask("run", SUITE, "--json")
    marks = [line for line in reply.err.splitlines() if line.startswith("::")]
    assert marks[0].startswith(f"::error file={SUITE},line=19,title=gate failed::rougeL >= 0.99%0A")
    assert marks[1].startswith(f"::warning file={SUITE},line=20,title=gate undecided::not worse")
    assert len(marks) == 2
    json.loads(reply.out)


def test_outputs_that_failed_are_exit_code_3_whatever_the_gates_say(
    ask: Ask, gated: Workspace, fake: FakeBackend
):
    fake.behaviour.failing = ("number 2:",)
    assert ask("run", SUITE).code == 3


def test_the_report_command_gives_the_gates_again(ask: Ask, gated: Workspace):
    run = json.loads(ask("run", SUITE, "--json").out)
    page = gated.folder / "reports" / run["run"] / "index.html"
    before = page.read_bytes()
    assert ask("report", run["run"]).code == 0
    assert page.read_bytes() == before


def test_validate_checks_the_gates(ask: Ask, gated: Workspace):
    gated.edit(SUITE, "rougeL >= 0.99", "rougeL >= 99")
    reply = ask("validate", SUITE)
    assert reply.code == 2
    assert f"{SUITE}:19: gate 'rougeL >= 99': 99 is beyond what rougeL can be" in reply.err

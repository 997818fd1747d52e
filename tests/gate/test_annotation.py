from __future__ import annotations

from pathlib import Path

from promptbench.gate.annotation import commands, on_github
from tests.gate.figures import judgement

SUITE = Path("suites/email.yaml")


def test_only_a_step_of_github_actions_is_one():
    assert on_github({"GITHUB_ACTIONS": "true"})
    assert not on_github({"GITHUB_ACTIONS": "false"})
    assert not on_github({})


def test_a_failed_gate_is_an_error_and_an_undecided_one_a_warning():
    gates = [
        judgement(),
        judgement(verdict="failed", reason="the low end 0.281 is below 0.3"),
        judgement(verdict="undecided", line=8, figure="", reason="no earlier run"),
    ]
    assert commands(gates, SUITE, {}) == [
        "::error file=suites/email.yaml,line=7,title=gate failed::"
        "rougeL >= 0.25%0Aplain 0.312 (0.281 to 0.344): the low end 0.281 is below 0.3",
        "::warning file=suites/email.yaml,line=8,title=gate undecided::"
        "rougeL >= 0.25%0Ano earlier run",
    ]


def test_nothing_in_a_gate_can_begin_another_command():
    hostile = judgement(gate="a%\r\n::set-output name=x::y", verdict="failed", reason="100%")
    (line,) = commands([hostile], Path("a,b:c\n.yaml"), {})
    assert "\n" not in line and "\r" not in line
    assert line.startswith("::error file=a%2Cb%3Ac%0A.yaml,line=7,")
    assert "a%25%0D%0A::set-output name=x::y" in line
    assert line.endswith("100%25")


def test_the_file_is_named_from_the_root_of_the_repository(tmp_path: Path):
    suite = tmp_path / "repository" / "suites" / "email.yaml"
    failed = [judgement(verdict="failed")]
    environment = {"GITHUB_WORKSPACE": str(tmp_path / "repository")}
    (line,) = commands(failed, suite, environment)
    assert "file=suites/email.yaml," in line
    (line,) = commands(failed, suite, {"GITHUB_WORKSPACE": str(tmp_path / "other")})
    assert f"file={suite}," in line

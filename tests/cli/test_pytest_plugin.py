"""The pytest plugin: gates are tests, the suite runs once, a failure shows the figures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.run.workspace import Workspace

ROOT = Path(__file__).parents[2]
SUITE = "suites/mail.yaml"
GATES = "gates:\n  - rougeL >= 0\n  - rougeL >= 0.99\n  - not worse than latest\n"

# A process of its own: pytester takes back the imports of one that runs in ours.
CONFTEST = """\
import json, os
from pathlib import Path

from promptbench.model.spec import BACKENDS
from promptbench.run import job
from tests.fake import Behaviour, FakeBackend

BACKENDS["fake"] = FakeBackend(Behaviour(**json.loads(os.environ["FAKE_MODEL"])))
real = job.run_suite

def counted(*arguments):
    with Path("calls").open("a") as file:
        file.write("run\\n")
    return real(*arguments)

job.run_suite = counted
"""


@pytest.fixture
def project(
    pytester: pytest.Pytester, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    """The workspace as the current folder of a pytest of its own."""
    text = workspace.suite.read_text(encoding="utf-8")
    workspace.write(SUITE, text + GATES)
    workspace.write("suites/conftest.py", CONFTEST)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("FAKE_MODEL", "{}")
    shutil.copytree(workspace.folder, pytester.path, dirs_exist_ok=True)
    return Workspace(pytester.path)


def gates(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments, "suites")


def calls(project: Workspace) -> int:
    """How often the suite was run."""
    file = project.folder / "calls"
    return len(file.read_text().splitlines()) if file.exists() else 0


def behave(monkeypatch: pytest.MonkeyPatch, **behaviour: Any) -> None:
    monkeypatch.setenv("FAKE_MODEL", json.dumps(behaviour))


def test_each_gate_is_a_test_and_the_suite_is_run_once(
    pytester: pytest.Pytester, project: Workspace
):
    result = gates(pytester, "--promptbench", "-v")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    assert calls(project) == 1
    told = "\n".join(result.outlines)
    for line in ("rougeL >= 0] PASSED", "rougeL >= 0.99] FAILED", "not worse than latest] SKIP"):
        assert f"suites/mail.yaml::gate[{line}" in told


def test_a_failure_shows_the_figures_and_no_traceback(
    pytester: pytest.Pytester, project: Workspace
):
    result = gates(pytester, "--promptbench")
    result.stdout.fnmatch_lines(["rougeL >= 0.99", "  * (*): the low end * is below 0.99"])
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_without_the_option_nothing_is_collected(pytester: pytest.Pytester, project: Workspace):
    result = gates(pytester)
    assert (result.ret, calls(project)) == (pytest.ExitCode.NO_TESTS_COLLECTED, 0)


def test_a_suite_without_gates_is_not_run(pytester: pytest.Pytester, project: Workspace):
    project.edit(SUITE, GATES, "")
    result = gates(pytester, "--promptbench")
    assert (result.ret, calls(project)) == (pytest.ExitCode.NO_TESTS_COLLECTED, 0)


def test_a_single_gate_can_be_picked(pytester: pytest.Pytester, project: Workspace):
    gates(pytester, "--promptbench", "-k", "worse").assert_outcomes(skipped=1, deselected=2)


def test_a_suite_that_is_wrong_is_an_error_with_file_and_line(
    pytester: pytest.Pytester, project: Workspace
):
    project.edit(SUITE, "metrics:", "metric:")
    result = gates(pytester, "--promptbench")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*mail.yaml:14: unknown key 'metric'"])


def test_a_run_that_breaks_fails_every_gate_and_is_tried_once(
    pytester: pytest.Pytester, project: Workspace, monkeypatch: pytest.MonkeyPatch
):
    behave(monkeypatch, breaks_after=1)
    result = gates(pytester, "--promptbench")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["the fake model broke"])
    assert calls(project) == 1


def test_outputs_that_failed_fail_every_gate(
    pytester: pytest.Pytester, project: Workspace, monkeypatch: pytest.MonkeyPatch
):
    behave(monkeypatch, failing=["number 2:"])
    result = gates(pytester, "--promptbench")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["*2 outputs failed"])

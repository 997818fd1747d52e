"""A suite's metrics: the registry's, and functions in the user's own files."""

from __future__ import annotations

import pytest

from promptbench.error import ModelError, SuiteError
from promptbench.run import measure
from tests.run.workspace import Workspace

OWN = """
from promptbench.metric.own import metric


def politeness(text, case):
    return float("please" in text.lower())


@metric(direction="lower", low=0, high=100)
def length(text, case, completion):
    return completion.output_tokens


def broken(text, case):
    raise RuntimeError("no such word")
"""
METRICS = "metrics:\n  - rougeL\n"


@pytest.fixture
def owned(workspace: Workspace) -> Workspace:
    """A workspace with metrics of its own."""
    workspace.write("suites/my_metrics.py", OWN)
    return workspace


def asking(workspace: Workspace, *lines: str) -> Workspace:
    workspace.edit("suites/mail.yaml", METRICS, METRICS + "".join(f"  - {x}\n" for x in lines))
    return workspace


def test_a_function_of_the_users_own_is_a_metric_like_any_other(owned: Workspace):
    asking(owned, "my_metrics.py:politeness", "my_metrics.py:length: {name: length}")
    result = owned.run()
    samples = owned.samples(result.run_id)
    assert all(s.scores["politeness"].value == 0 for s in samples)
    assert all(s.completion for s in samples)
    assert {s.scores["length"].value for s in samples} == {
        float(s.completion.output_tokens) for s in samples if s.completion
    }
    page = result.report.read_text(encoding="utf-8")
    assert "politeness" in page


def test_what_it_raises_leaves_an_output_unscored_with_the_message(owned: Workspace):
    asking(owned, "my_metrics.py:broken")
    samples = owned.samples(owned.run().run_id)
    assert {s.scores["broken"].value for s in samples} == {None}
    assert {s.scores["broken"].reason for s in samples} == {"RuntimeError: no such word"}


def test_a_changed_function_is_another_run(owned: Workspace):
    asking(owned, "my_metrics.py:politeness")
    first = owned.run().run_id
    owned.edit("suites/my_metrics.py", '"please"', '"thanks"')
    second = owned.run()
    assert second.run_id != first
    assert second.generated == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("my_metrics.py:politness", "politness"),
        ("your_metrics.py:politeness", "no such file 'your_metrics.py'"),
        ("my_metrics.py:politeness: {max: 3}", "unknown setting 'max'"),
        ("../../my_metrics.py:politeness", "leads out of the workspace"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(owned: Workspace, line: str, message: str):
    asking(owned, line)
    with pytest.raises(SuiteError, match=message) as raised:
        owned.plan()
    assert raised.value.where.endswith("mail.yaml:16")


def test_two_metrics_of_one_name_are_refused(owned: Workspace):
    asking(owned, "my_metrics.py:politeness: {name: rougeL}")
    with pytest.raises(SuiteError, match="two metrics are named 'rougeL'"):
        owned.plan()


def test_a_metric_whose_encoder_is_missing_is_refused_before_anything_runs(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(measure, "embedder_there", lambda: False)
    asking(workspace, "semantic")
    with pytest.raises(ModelError, match="needs the sentence encoder") as raised:
        workspace.plan()
    assert "models pull minilm" in raised.value.hint

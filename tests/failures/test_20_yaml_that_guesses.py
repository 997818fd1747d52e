"""YAML turns `no` into false, `012` into 10 and `3:25` into 205, and drops a key given twice."""

from __future__ import annotations

import pytest

from promptbench.error import SuiteError
from promptbench.suite.document import read_document
from tests.run.workspace import Workspace


@pytest.mark.parametrize("typed", ["no", "012", "3:25"])
def test_what_is_typed_is_what_is_meant(workspace: Workspace, typed: str):
    workspace.edit("suites/mail.yaml", "  - rougeL\n", f"  - contains: {{any: [{typed}]}}\n")
    said = read_document(workspace.suite, "mail.yaml").value
    assert said["metrics"][0] == {"contains": {"any": [typed]}}
    result = workspace.run(prompts=("plain",))
    assert result.summary.primary.settings["any"] == [typed]


def test_a_key_given_twice_is_refused(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "metrics:", "sampling: {max_tokens: 4}\nmetrics:")
    with pytest.raises(SuiteError, match="key 'sampling' is given twice"):
        workspace.run()

"""Row 20: YAML that reads `no` as False, 012 as 10, 3:25 as 205, and drops a doubled key."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.error import SuiteError
from promptbench.suite.document import read_document
from tests.run.workspace import Workspace


@pytest.mark.parametrize(
    "typed", ["no", "yes", "on", "off", "012", "0o14", "3:25", "1_000", "1e999"]
)
def test_what_was_typed_stays_what_was_typed(tmp_path: Path, typed: str):
    path = tmp_path / "suite.yaml"
    path.write_text(f"value: {typed}\nlist: [{typed}]\n{typed}: key\n", encoding="utf-8")
    found = read_document(path, "suite.yaml").value
    assert found == {"value": typed, "list": [typed], typed: "key"}


def test_a_key_that_is_given_twice_is_refused(workspace: Workspace):
    text = workspace.suite.read_text(encoding="utf-8")
    workspace.write("suites/mail.yaml", f"{text}repeats: 2\nrepeats: 3\n")
    with pytest.raises(SuiteError, match="key 'repeats' is given twice"):
        workspace.plan()

"""What a prompt was in an earlier run."""

from __future__ import annotations

import pytest

from promptbench.run import execute
from promptbench.run.earlier import earlier_prompts
from promptbench.run.job import report_of, reports_folder
from tests.run.workspace import Workspace


@pytest.fixture
def runs(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs of a prompt `plain` that says one, two, two and again one."""
    found = []
    for day, said in enumerate(["one", "two", "two", "one"]):
        monkeypatch.setattr(execute, "now", lambda day=day: f"2025-01-0{day + 1}T00:00:00+00:00")
        workspace.write(
            "prompts/plain.j2", f"{{% block instruction %}}{said}{{% endblock %}} {{{{ body }}}}"
        )
        workspace.write("prompts/brief.j2", "{{ body }}")
        found.append(workspace.run(limit=2 if day == 2 else 1, fresh=day == 3).run_id)
    return found


def test_it_is_the_newest_earlier_run_with_another_version(workspace: Workspace, runs: list[str]):
    with workspace.store() as store:
        found = [earlier_prompts(store, store.run(each)) for each in runs]
    assert [each.get("plain") and each["plain"].run for each in found] == [
        None,
        runs[0],
        runs[0],
        runs[2],
    ]
    assert "two" in found[3]["plain"].prompt.source
    assert not any("brief" in each for each in found), "it never changed"


def test_a_later_run_does_not_change_an_earlier_report(workspace: Workspace, runs: list[str]):
    reports = reports_folder(workspace.folder)
    with workspace.store() as store:
        before = (reports / runs[1] / "index.html").read_bytes()
        _, path = report_of(store, runs[1], reports)
    assert path.read_bytes() == before
    assert f"Changed since run <code>{runs[0]}</code>".encode() in before

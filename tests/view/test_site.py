"""What is served, over the wire: the pages as they are in the store at that moment."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from promptbench.report.write import write_report
from promptbench.run.job import report_of, store_path
from promptbench.run.page import page_of
from promptbench.store.database import Store
from tests.run.workspace import Notes, Workspace
from tests.view.conftest import Viewer, serving


def first_id(viewer: Viewer) -> str:
    return str(json.loads(viewer.ask("/live").body)["lines"][0]["id"])


def test_a_report_is_served_byte_for_byte_as_it_is_written(
    viewer: Viewer, workspace: Workspace, tmp_path: Path
):
    run_id = first_id(viewer)
    found = viewer.ask(f"/run/{run_id}")
    with workspace.store() as store:
        _, written = report_of(store, run_id, tmp_path)
    assert found.status == 200
    assert found.body == written.read_bytes()
    own = re.search('Content-Security-Policy" content="(.+?)"', found.text)
    assert own and found.headers["content-security-policy"] == f"{own[1]}; frame-ancestors 'none'"


def test_a_report_is_built_again_only_when_the_run_has_changed(
    viewer: Viewer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    run_id = first_id(viewer)
    before = viewer.ask(f"/run/{run_id}").body
    monkeypatch.setattr("promptbench.view.site.page_of", None)
    assert viewer.ask(f"/run/{run_id}").body == before
    monkeypatch.undo()
    with workspace.store() as store:
        store.add_seconds(run_id, 100.0)
    assert viewer.ask(f"/run/{run_id}").body != before


def test_looking_writes_nothing(viewer: Viewer, workspace: Workspace):
    before = viewer.path.read_bytes()
    run_id = first_id(viewer)
    for target in ("/", "/live", f"/run/{run_id}", f"/compare?a={run_id}&b={run_id}"):
        assert viewer.ask(target).status == 200
    assert viewer.path.read_bytes() == before
    assert not (workspace.folder / "reports" / run_id / "view").exists()


def test_a_store_that_is_being_written_to_can_be_looked_at(viewer: Viewer):
    """Another process is in the middle of a transaction, and holds the lock for writing."""
    writer = sqlite3.connect(viewer.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE run SET status = 'failed'")
    assert json.loads(viewer.ask("/live").body)["lines"][0]["status"] == "complete"
    writer.execute("COMMIT")
    writer.close()
    assert json.loads(viewer.ask("/live").body)["lines"][0]["status"] == "failed"


class Looking(Notes):
    """Asks for the report of the run that it watches."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self.viewer = viewer
        self.pages: list[str] = []

    def generated(self, batch: list) -> None:  # type: ignore[type-arg]
        self.pages.append(self.viewer.ask(f"/run/{first_id(self.viewer)}").text)


def test_the_report_of_a_run_under_way_shows_what_is_there(workspace: Workspace):
    with serving(store_path(workspace.folder)) as viewer:
        looking = Looking(viewer)
        workspace.run(looking)
    assert "The run is running: 9 of 12 outputs are not there." in looking.pages[0]
    assert "The run is running: 3 of 12 outputs are not there." in looking.pages[2]


def test_without_a_store_the_list_says_what_to_run(workspace: Workspace):
    with serving(store_path(workspace.folder)) as viewer:
        found = viewer.ask()
        assert found.status == 200
        assert "promptbench run suites/email.yaml" in found.text
        assert json.loads(viewer.ask("/live").body) == {"wait": 2, "lines": []}
        assert viewer.ask("/run/mail-1").status == 404
        assert not viewer.path.exists()
        Store(viewer.path).close()
        assert "promptbench run suites/email.yaml" in viewer.ask().text


def test_two_runs_side_by_side(workspace: Workspace, two: tuple[str, str]):
    with serving(store_path(workspace.folder)) as viewer:
        found = viewer.ask(f"/compare?a={two[0]}&b={two[1]}")
        assert found.status == 200
        assert "Say in brief what this says." in found.text
        assert f'href="/run/{two[1]}#case-' in found.text
        assert "flipped" in found.text
        back = viewer.ask(f"/compare?a={two[0]}&b={two[0]}")
        assert "the same run twice" in back.text


def test_a_store_that_cannot_be_read_is_told_in_the_terminal(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"This is no store. " * 100)
    with serving(path) as viewer:
        found = viewer.ask()
        assert found.status == 503
        assert str(tmp_path) not in found.text
        assert any(str(path) in each and "damaged" in each for each in viewer.told)


def test_a_mistake_of_ours_ends_nothing(viewer: Viewer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("promptbench.view.site.contrast", None)
    run_id = first_id(viewer)
    found = viewer.ask(f"/compare?a={run_id}&b={run_id}")
    assert found.status == 500
    assert "Traceback" not in found.text and "NoneType" not in found.text
    assert viewer.told == ["a bug in promptbench: TypeError: 'NoneType' object is not callable"]
    assert viewer.ask().status == 200


def test_the_page_of_a_run_is_what_report_writes(workspace: Workspace, tmp_path: Path):
    result = workspace.run()
    with workspace.store() as store:
        summary, page = page_of(store, result.run_id)
    assert summary == result.summary
    assert write_report(page, tmp_path).read_bytes() == result.report.read_bytes()

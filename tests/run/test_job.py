from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.error import EXIT_NOT_FINISHED, InputError, StoreError, SuiteError
from promptbench.record import Completion
from promptbench.run import job
from promptbench.run.job import (
    own_place,
    report_of,
    reports_folder,
    run_suite,
    store_path,
    workspace_here,
)
from promptbench.run.option import Options
from promptbench.store.database import Store
from tests.fake import FakeBackend
from tests.run.workspace import Notes, Workspace


def test_a_run_leaves_a_complete_run_in_the_store_and_a_report(workspace: Workspace):
    result = workspace.run()
    with workspace.store() as store:
        run = store.run(result.run_id)
        (line,) = store.runs()
    assert (run.status, run.suite, run.split) == ("complete", "mail", "test")
    assert (line.id, line.done) == (run.id, 12)
    assert result.report == workspace.folder / "reports" / run.id / "index.html"
    assert run.id in result.report.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["../../out", "..", "", "/tmp/out", "a/b", "a\0b", "a\nb"])
def test_a_store_from_elsewhere_leads_no_file_out_of_its_folder(tmp_path: Path, name: str):
    with pytest.raises(InputError, match="an id that no run was given"):
        own_place(tmp_path, name, ".csv")
    assert own_place(tmp_path, "mail-1a2b3c4d-2", ".csv") == tmp_path / "mail-1a2b3c4d-2.csv"


def test_the_same_plan_has_the_same_run_id_on_every_machine(workspace: Workspace):
    first = workspace.run()
    (workspace.folder / ".promptbench" / "store.sqlite").unlink()
    assert workspace.run().run_id == first.run_id


def test_the_report_is_built_again_from_the_store_byte_for_byte(
    workspace: Workspace, fake: FakeBackend
):
    fake.behaviour.failing = ("number 5:",)
    result = workspace.run()
    page = result.report.read_bytes()
    result.report.unlink()
    fake.asked.clear()
    with workspace.store() as store:
        summary, path = report_of(store, result.run_id, reports_folder(workspace.folder))
    assert (path.read_bytes(), summary, fake.asked) == (page, result.summary, [])


def test_the_report_of_a_run_that_was_interrupted_early_can_be_built(
    workspace: Workspace, fake: FakeBackend
):
    fake.behaviour.breaks_after, fake.behaviour.broken = 0, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        workspace.run()
    with workspace.store() as store:
        (line,) = store.runs()
        summary, path = report_of(store, line.id, reports_folder(workspace.folder))
    assert [standing.missing for standing in summary.standings] == [6, 6]
    assert path.is_file()


def test_a_run_that_is_interrupted_is_scored_as_far_as_it_came(
    workspace: Workspace, fake: FakeBackend
):
    fake.behaviour.breaks_after, fake.behaviour.broken = 3, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        workspace.run()
    with workspace.store() as store:
        (line,) = store.runs()
        summary, path = report_of(store, line.id, reports_folder(workspace.folder))
    assert [standing.missing for standing in summary.standings].count(0) == 0
    scored = sum(standing.figures["rougeL"].scored for standing in summary.standings)
    assert scored == 3 * fake.behaviour.batch
    assert "hold at every look" in path.read_text(encoding="utf-8")
    fake.behaviour.breaks_after = None
    finished = workspace.run()
    assert finished.run_id == line.id
    assert "every look" not in finished.report.read_text(encoding="utf-8")


def test_outputs_are_scored_now_and_then_while_a_run_goes_on(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("promptbench.run.job.SCORED_EVERY", 0.0)
    seen = []

    class Looking(Notes):
        def generated(self, batch: list[Completion]) -> None:
            with workspace.store() as store:
                (line,) = store.runs()
                summary, _ = report_of(store, line.id, reports_folder(workspace.folder))
            seen.append(sum(each.figures["rougeL"].scored for each in summary.standings))

    run_suite(workspace.suite, Options(), Looking())
    assert seen == [0, 3, 6, 9]


def test_a_suite_that_is_wrong_leaves_no_store(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "metrics:", "metric:")
    with pytest.raises(SuiteError):
        workspace.run()
    assert not store_path(workspace.folder).exists()


def test_a_reports_folder_that_cannot_be_is_an_error_before_anything_runs(
    workspace: Workspace, fake: FakeBackend
):
    (workspace.folder / "reports").write_text("a file in the way")
    with pytest.raises(StoreError) as caught:
        workspace.run()
    assert caught.value.exit_code == EXIT_NOT_FINISHED
    assert "othing was run" in caught.value.hint
    assert fake.asked == []
    assert not store_path(workspace.folder).exists()


def test_wall_time_adds_up_over_sittings(workspace: Workspace, fake: FakeBackend):
    fake.behaviour.delay = 0.01
    fake.behaviour.breaks_after, fake.behaviour.broken = 2, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        workspace.run()
    with workspace.store() as store:
        first = store.run(store.runs()[0].id).seconds
    fake.behaviour.breaks_after = None
    result = workspace.run()
    with workspace.store() as store:
        both = store.run(result.run_id).seconds
    assert 0 < first < both


def test_a_full_disk_in_the_middle_of_a_run_keeps_what_was_stored(
    workspace: Workspace, fake: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    class Tight(Store):
        """A store on a disk with room for the run's header and a few outputs."""

        def __init__(self, path: Path) -> None:
            super().__init__(path)
            (pages,) = next(self.query("PRAGMA page_count"))
            next(self.query(f"PRAGMA max_page_count = {pages + 8}"))

    workspace.edit("prompts/plain.j2", "Summarize this email.", "Summarize this email. " * 100)
    fake.behaviour.batch = 1
    with monkeypatch.context() as patch:
        patch.setattr(job, "Store", Tight)
        with pytest.raises(StoreError, match="full") as caught:
            workspace.run()
    assert "same command continues" in caught.value.hint
    stored = len(fake.asked) - 1
    assert 0 < stored < 11
    result = workspace.run()
    assert (result.generated, result.reused, result.errors) == (12 - stored, stored, 0)


def test_what_stopped_a_run_is_told_though_its_status_cannot_be_written(
    workspace: Workspace, fake: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    def full(store: Store, run_id: str, status: str) -> None:
        raise StoreError("the disk is full")

    fake.behaviour.breaks_after, fake.behaviour.broken = 1, KeyboardInterrupt()
    monkeypatch.setattr(Store, "set_status", full)
    with pytest.raises(KeyboardInterrupt):
        workspace.run()


def test_the_workspace_is_found_from_any_folder_in_it(workspace: Workspace):
    assert workspace_here(workspace.folder) == workspace.folder
    assert workspace_here(workspace.folder / "suites" / "mail") == workspace.folder

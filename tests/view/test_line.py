from __future__ import annotations

import time

import pytest

from promptbench.record import Score
from promptbench.report.number import scale_of
from promptbench.run.page import page_of
from promptbench.store.database import Store
from promptbench.store.outcome import save_stops
from promptbench.view.line import Best, Lines
from tests.run.workspace import Notes, Workspace


def test_a_line_says_what_the_report_says(workspace: Workspace):
    run_id = workspace.run(repeats=2).run_id
    with workspace.store() as store:
        (line,) = Lines().of(store)
        summary, _ = page_of(store, run_id)
    first, metric = summary.standings[0], summary.primary
    mean = first.estimate(metric)
    assert mean is not None
    scale = scale_of(metric, [each.mean for s in summary.standings if (each := s.estimate(metric))])
    assert (line.id, line.suite, line.status, line.settled) == (run_id, "mail", "complete", True)
    assert line.words["about"] == "mail · test"
    assert line.words["done"] == "24 of 24"
    assert line.words["best"] == first.candidate.name == summary.best
    assert scale.show(mean.mean) in line.words["figure"]
    assert scale.interval(mean.low, mean.high) in line.words["figure"]
    assert line.words["pace"] == ""


class Seen(Notes):
    """Looks at the list while a run goes on."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace
        self.lines = Lines()
        self.shares: list[float] = []
        self.words: list[str] = []

    def generated(self, batch: list) -> None:  # type: ignore[type-arg]
        store = Store(self.workspace.folder / ".promptbench" / "store.sqlite", reading=True)
        (line,) = self.lines.of(store)
        store.close()
        assert (line.status, line.settled) == ("running", False)
        self.shares.append(line.share)
        self.words.append(line.words["best"])


def test_a_run_under_way_shows_what_is_done_of_it(workspace: Workspace):
    seen = Seen(workspace)
    workspace.run(seen)
    assert seen.shares == [25.0, 50.0, 75.0, 100.0]
    assert set(seen.words) == {"no score yet"}


def test_what_takes_too_long_comes_later_and_is_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    workspace.run()
    lines = Lines()
    with workspace.store() as store:
        (line,) = lines.of(store, patience=-1.0)
        assert (line.words["best"], line.settled) == ("...", False)
        (line,) = lines.of(store)
        assert (line.words["best"], line.settled) == ("brief", True)
        monkeypatch.setattr("promptbench.view.line.best_of_run", None)
        assert lines.of(store, patience=-1.0) == (line,)
        assert lines.of(store) == (line,)


def test_what_a_race_spares_is_not_planned(workspace: Workspace):
    run_id = workspace.run().run_id
    with workspace.store() as store:
        save_stops(store, run_id, {1: 2})
        (line,) = Lines().of(store)
    assert line.words["done"] == "12 of 8"
    assert line.share == 100.0


def test_what_is_costly_is_found_rarely_while_a_run_goes_on(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    run_id = workspace.run().run_id
    found: list[str] = []

    def slow(store: Store, run_id: str) -> Best:
        found.append(run_id)
        time.sleep(0.2)
        return Best("brief", str(len(found)))

    monkeypatch.setattr("promptbench.view.line.best_of_run", slow)
    lines = Lines()
    with workspace.store() as store:
        store.set_status(run_id, "running")
        assert lines.of(store)[0].words["figure"] == "1"
        store.save_scores(run_id, [((0, 0, 0), [Score("more", 1.0)])])
        assert lines.of(store)[0].words["figure"] == "1"
        store.set_status(run_id, "complete")
        assert lines.of(store)[0].words["figure"] == "2"

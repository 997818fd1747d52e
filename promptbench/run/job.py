"""The main job: a suite file in; a scored run in the store and a report on the disk out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

from promptbench.error import InputError, PromptbenchError, StoreError
from promptbench.gate.rule import Gate
from promptbench.record import Completion, Judgement, RunStatus
from promptbench.report.summary import Summary
from promptbench.report.write import write_report
from promptbench.run.check import plan_warnings
from promptbench.run.converse import replies_planned
from promptbench.run.evidence import check_baselines
from promptbench.run.execute import begin, generate, score, score_alone
from promptbench.run.nearness import measure_nearness
from promptbench.run.option import Options
from promptbench.run.page import page_of
from promptbench.run.plan import Plan, make_plan
from promptbench.run.race import check_race, race, unfinished
from promptbench.store.database import Store
from promptbench.store.outcome import judgements
from promptbench.suite.location import workspace_of
from promptbench.suite.read import read_suite
from promptbench.suite.stated import Suite

# Seconds between two scorings while outputs still come.
SCORED_EVERY = 30.0


class Watcher(Protocol):
    """Is told how a run goes on."""

    def note(self, message: str) -> None:
        """A long step begins."""
        ...

    def planned(self, total: int, missing: int, what: str = "outputs") -> None:
        """The plan has `total` cells, of which `missing` must be generated.

        Told once more for what metrics ask of models; `what` says what is counted.
        """
        ...

    def generated(self, batch: list[Completion]) -> None:
        """A batch is stored."""
        ...

    def found(self, number: int) -> None:
        """So many replies of a chat need not be generated after all."""
        ...

    def stopped(self, candidate: str, cases: int, total: int, saved: int) -> None:
        """A race has stopped a candidate after `cases` of `total`: `saved` outputs are spared."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to. `errors` counts the cells without a usable output."""

    run_id: str
    suite: str
    report: Path
    generated: int
    reused: int
    errors: int
    summary: Summary
    judgements: tuple[Judgement, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """A run that is in the store, before its report."""

    run_id: str
    suite: Suite
    gates: tuple[Gate, ...]
    generated: int
    reused: int
    errors: int


def run_suite(path: Path, options: Options, watcher: Watcher) -> Result:
    """Run a suite to its report.

    Raises InputError before anything runs, later StoreError and RunError; what was generated
    until then is stored, and the same call continues.
    """
    plan = make_plan(read_suite(path), options, watcher.note)
    if options.race:
        check_race(plan)
    for warning in plan_warnings(plan):
        watcher.note(f"warning: {warning}")
    done = carry_out(plan, watcher)
    del plan  # the report reads the cases from the store
    return reported(done, watcher)


def run_plan(plan: Plan, watcher: Watcher) -> Result:
    """Run a plan to its report; see run_suite."""
    return reported(carry_out(plan, watcher), watcher)


def carry_out(plan: Plan, watcher: Watcher) -> Done:
    """Generate and score what a plan lacks."""
    suite, options = plan.suite, plan.options
    writable(reports_folder(suite.workspace))
    store = Store(store_path(suite.workspace))
    try:
        check_baselines(plan.gates, store, suite.shown)
        work = begin(plan, store)
        if plan.suite.chat:
            watcher.planned(*replies_planned(plan, work.missing), "replies")
        else:
            watcher.planned(len(plan.slots), len(work.missing))
        generated = 0
        with status_kept(store, work.run_id):
            batches = race(plan, store, work, watcher) if options.race else None
            with scored_anyway(plan, store, work.run_id):
                scored = time.monotonic()
                for batch in batches or generate(plan, store, work, watcher):
                    watcher.generated(batch)
                    generated += len(batch)
                    if time.monotonic() - scored > SCORED_EVERY:
                        score_alone(plan, store, work.run_id)
                        scored = time.monotonic()
            watcher.note("Scoring ...")
            unanswered = score(plan, store, work.run_id, watcher)
            measure_nearness(plan, store, work.run_id)
        errors = unfinished(plan, store, work.run_id) + unanswered
        store.set_status(work.run_id, "failed" if errors else "complete")
    finally:
        store.close()
    return Done(work.run_id, suite, plan.gates, generated, work.reused, errors)


def reported(done: Done, watcher: Watcher) -> Result:
    """Write the report of what was done."""
    watcher.note("Writing the report ...")
    workspace = done.suite.workspace
    store = Store(store_path(workspace))
    try:
        summary, report = report_of(store, done.run_id, reports_folder(workspace), done.gates)
        found = judgements(store, done.run_id)
    finally:
        store.close()
    return Result(
        done.run_id,
        done.suite.name,
        report,
        done.generated,
        done.reused,
        done.errors,
        summary,
        found,
    )


@contextmanager
def scored_anyway(plan: Plan, store: Store, run_id: str) -> Iterator[None]:
    """Score what is stored if the work inside does not end well, so that a report shows it."""
    try:
        yield
    except BaseException:
        with suppress(PromptbenchError):  # what stopped the work matters more
            score_alone(plan, store, run_id)
        raise


def report_of(
    store: Store, run_id: str, reports: Path, gates: tuple[Gate, ...] | None = None
) -> tuple[Summary, Path]:
    """Build a run's report from the store alone and write it. The same store, the same bytes.

    `gates` are judged first and what becomes of them is stored; None leaves what is stored.
    """
    summary, page = page_of(store, run_id, gates)
    return summary, write_report(page, own_place(reports, run_id))


def own_place(folder: Path, run_id: str, ending: str = "") -> Path:
    """Where something of a run is written in a folder.

    Ids are made by a run, but a store may have come from anywhere, and with a folder of a project
    a link in it. Raises InputError for an id that is a path, StoreError for a link.
    """
    if run_id in ("", "..") or run_id != Path(run_id).name or not run_id.isprintable():
        what = f"the run {run_id!r} has an id that no run was given: nothing is written under it"
        raise InputError(what, hint="Do not use a store that somebody has changed.")
    place = folder / f"{run_id}{ending}"
    if place.is_symlink():
        what = "a link is in the way, and nothing is written through it"
        raise StoreError(what, where=str(place), hint="Move it away.")
    return place


@contextmanager
def status_kept(store: Store, run_id: str) -> Iterator[None]:
    """Leave the run marked interrupted or failed if the work inside does not end well."""
    try:
        yield
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)
        status: RunStatus = "interrupted" if stopped else "failed"
        with suppress(StoreError):  # what stopped the work matters more
            store.set_status(run_id, status)
        raise


def store_path(workspace: Path) -> Path:
    """Where a workspace keeps its store."""
    return workspace / ".promptbench" / "store.sqlite"


def reports_folder(workspace: Path) -> Path:
    """Where a workspace keeps its reports."""
    return workspace / "reports"


def workspace_here(folder: Path) -> Path:
    """The workspace that a folder belongs to, for commands that name a run and no suite."""
    return workspace_of(folder / "suite.yaml")


def writable(folder: Path) -> Path:
    """Make the folder. Raises StoreError now rather than after minutes of work."""
    hint = "Nothing was run."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Only writing shows it: permission bits say little of a full disk or a read-only one.
        with TemporaryFile(dir=folder):
            pass
    except FileExistsError as error:
        what = "a file is in the way of the reports folder"
        raise StoreError(what, where=str(folder), hint=f"Move it away. {hint}") from error
    except OSError as error:
        what = f"the reports folder cannot be written to: {error.strerror}"
        raise StoreError(what, where=str(folder), hint=f"Make it writable. {hint}") from error
    return folder

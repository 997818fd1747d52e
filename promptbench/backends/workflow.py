"""Which tool shall I use? A model on each backend in turn, measured, then all of them compared."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from promptbench.backends.backend import Backend, Found, Missing, find_backends
from promptbench.backends.child import Measured, Task
from promptbench.backends.measure import Watchers, measured
from promptbench.backends.option import BackendOptions
from promptbench.backends.plan import narrowed, plan_for, run_options
from promptbench.backends.server import Served, serving
from promptbench.backends.show import markdown
from promptbench.backends.table import Table, table_of
from promptbench.disk import write_whole
from promptbench.error import RunError, StoreError, SuiteError
from promptbench.model.protocol import Setup
from promptbench.model.remote.chat import unable
from promptbench.run.choice import within
from promptbench.run.fit import needed
from promptbench.run.job import Result, run_plan, store_path
from promptbench.run.pairing import load
from promptbench.run.plan import Plan
from promptbench.store.database import Store
from promptbench.suite.read import read_suite
from promptbench.suite.stated import Suite

MARKDOWN = "backends.md"
CHOOSES = "it does not tell how likely a given answer is, which the suite asks for"


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison came to. `missing` are the backends that could not be had."""

    result: Result
    table: Table
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]


def compare_backends(path: Path, options: BackendOptions, watchers: Watchers) -> Compared:
    """Run a suite's model on each backend that there is, and write the report of them all.

    Each is measured in a process of its own, on a fresh run that reuses nothing. Raises InputError
    before anything runs, later StoreError and RunError; what was generated until then is stored.
    """
    suite = read_suite(path)
    if not (options.model or suite.models):
        raise SuiteError("the suite names no model", where=suite.shown, hint="Give --model SPEC.")
    narrow = narrowed(suite, options)
    found = find_backends(
        options.model or suite.models[0].spec, options, Setup(suite.workspace, watchers.note)
    )
    found = able(found, narrow)
    context = room_needed(narrow, found, options, watchers)
    took: dict[str, Measured] = {}
    backends = []
    for backend in found.backends:
        watchers.note(f"{backend.name}: from nothing, in a process of its own ...")
        with running(backend, found, options, context) as served:
            task = Task(str(path), backend, options, time.time())
            took[backend.name] = measured(task, watchers.run(), served)
            spec = served.spec if served else backend.spec
            backends.append(replace(backend, spec=spec))
    refuse_failures(took)
    watchers.note("All of them together ...")
    plan = plan_for(narrow, backends, run_options(options, fresh=False), watchers.note)
    plan = stated(plan, options, found, took)
    result = run_plan(plan, watchers.run())
    with closing(Store(store_path(suite.workspace))) as store:
        table = table_of(load(store, result.run_id), result.summary, backends, took)
    page = markdown(table, found.missing, found.notes, result.run_id)
    write_text(result.report.with_name(MARKDOWN), page)
    return Compared(result, table, found.missing, found.notes)


def able(found: Found, suite: Suite) -> Found:
    """The backends that can answer in the suite's way: a server does not know all of them."""
    (sampling,) = suite.samplings.values()
    why = CHOOSES if sampling.choice else unable(sampling)
    if not why:
        return found
    there = tuple(backend for backend in found.backends if not backend.file)
    left = tuple(Missing(backend.name, why) for backend in found.backends if backend.file)
    return replace(found, backends=there, missing=(*found.missing, *left))


def room_needed(suite: Suite, found: Found, options: BackendOptions, watchers: Watchers) -> int:
    """The tokens of the longest prompt with its answer. Raises InputError for what does not fit."""
    local = [backend for backend in found.backends if not backend.file]
    plan = plan_for(suite, local, run_options(options, fresh=False), watchers.note)
    return max(needed(plan.ready[slot.candidate], slot.tokens) for slot in plan.slots)


@contextmanager
def running(
    backend: Backend, found: Found, options: BackendOptions, context: int
) -> Iterator[Served | None]:
    """The server of a backend that has one, for as long as the block lasts."""
    if not backend.file:
        yield None
        return
    port = options.port or found.port
    with serving(backend, context, port, wanted=bool(options.port)) as served:
        yield served


def refuse_failures(took: Mapping[str, Measured]) -> None:
    """Raises RunError for a backend that failed: its figures would be those of another task."""
    for name, each in took.items():
        if each.errors:
            raise RunError(
                f"{each.errors} of {each.outputs} outputs of {name} failed",
                hint=f"`promptbench report {each.run_id}` names each error.",
            )


def stated(plan: Plan, options: BackendOptions, found: Found, took: Mapping[str, Measured]) -> Plan:
    """The plan with what was measured in its manifest: measured again, it is another run."""
    suite = plan.suite
    facts: dict[str, Any] = {name: asdict(each) for name, each in took.items()}
    extra = {
        "command": options.command(within(suite.workspace, suite.path)),
        "backends": facts,
        **(
            {"not compared": {each.name: each.why for each in found.missing}}
            if found.missing
            else {}
        ),
    }
    text = json.dumps([plan.digest, facts], sort_keys=True)
    return replace(plan, extra=extra, digest=hashlib.sha256(text.encode()).hexdigest())


def write_text(path: Path, text: str) -> None:
    """Write a file beside the report. Raises StoreError."""
    try:
        write_whole(path, text)
    except OSError as error:
        what = f"the table cannot be written: {error.strerror or error}"
        raise StoreError(what, where=str(path)) from error

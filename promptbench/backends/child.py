"""A process that runs a suite on one backend and tells what that took: a task in, lines out.

Nothing is loaded in it that the backend does not need, so what it takes is the backend's. Metrics
are left to the process that started it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from promptbench.backends.backend import Backend
from promptbench.backends.memory import peak_memory
from promptbench.backends.option import BackendOptions
from promptbench.backends.parent import leave_with_parent
from promptbench.backends.plan import narrowed, plan_for, run_options
from promptbench.error import PromptbenchError, RunError
from promptbench.model.protocol import Model, quiet
from promptbench.record import Message, Request, Sampling
from promptbench.run.execute import begin, generate
from promptbench.run.job import status_kept, store_path
from promptbench.run.plan import Plan
from promptbench.store.database import Store
from promptbench.suite.read import read_suite

Tell = Callable[[dict[str, Any]], None]
FIRST = (Message("user", "Hello"),)


@dataclass(frozen=True, slots=True)
class Task:
    """What to run. `started` is when the backend's first process was, in seconds since 1970."""

    suite: str
    backend: Backend
    options: BackendOptions
    started: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What a backend took for `outputs` outputs, `errors` of which failed.

    `ready` is the time from nothing to its first token, `seconds` the wall time of all outputs,
    without that. `tokens` were written. `memory` is the peak of the process that holds the model,
    in bytes; None where the system does not tell.
    """

    run_id: str
    outputs: int
    errors: int
    ready: float
    seconds: float
    tokens: int
    memory: int | None = None

    @property
    def per_output(self) -> float | None:
        """Seconds of an output, None without one."""
        return self.seconds / self.outputs if self.outputs else None

    @property
    def pace(self) -> float | None:
        """Tokens written a second, None where no time went by."""
        return self.tokens / self.seconds if self.seconds else None


def measure(task: Task, tell: Tell) -> Measured:
    """Run the suite on the backend from nothing. Raises InputError, StoreError and RunError."""
    suite = narrowed(read_suite(Path(task.suite)), task.options)
    plan = plan_for(suite, [task.backend], run_options(task.options, fresh=True), quiet)
    first_token(plan.ready[0].model)
    ready = time.time() - task.started
    with closing(Store(store_path(suite.workspace))) as store:
        return generated(plan, store, ready, tell)


def first_token(model: Model) -> None:
    """Load what the model needs, until it has said something. Raises RunError if it cannot."""
    request = Request("0" * 64, FIRST, model.encode(FIRST), Sampling(max_tokens=1))
    for batch in model.stream([request]):
        for done in batch:
            if done.error:
                raise RunError(f"the model says nothing: {done.error}")


def generated(plan: Plan, store: Store, ready: float, tell: Tell) -> Measured:
    """Generate a fresh run of the plan, or what is left of one that was broken off."""
    work = begin(plan, store)
    tell({"planned": [len(plan.slots), len(work.missing)]})
    with status_kept(store, work.run_id):
        for batch in generate(plan, store, work):
            tell({"generated": [done.output_tokens for done in batch]})
    outputs = [done for _, done in store.outputs(work.run_id)]
    store.set_status(work.run_id, "complete")
    return Measured(
        run_id=work.run_id,
        outputs=len(outputs),
        errors=sum(bool(done.error) for done in outputs),
        ready=ready,
        seconds=store.run(work.run_id).seconds,
        tokens=sum(done.output_tokens for done in outputs),
        memory=peak_memory(os.getpid()),
    )


def task_from(text: str) -> Task:
    """Read a task as `json.dumps(asdict(task))` writes it."""
    found = json.loads(text)
    backend, options = Backend(**found["backend"]), BackendOptions(**found["options"])
    return Task(found["suite"], backend, options, found["started"])


def say(line: dict[str, Any]) -> None:
    """A line for the process that started this one."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    """The process. What a user did wrong is a line too."""
    leave_with_parent()
    task = task_from(sys.argv[1])
    try:
        say({"measured": asdict(measure(task, say))})
    except PromptbenchError as error:
        say({"error": {"what": error.what, "where": error.where, "hint": error.hint}})
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

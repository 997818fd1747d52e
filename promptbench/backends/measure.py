"""Measure a backend in a process of its own: a task in, what it took out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any, Protocol

from promptbench.backends.child import Measured, Task
from promptbench.backends.memory import peak_memory
from promptbench.backends.server import Served
from promptbench.error import ModelError, PromptbenchError, RunError
from promptbench.record import Completion
from promptbench.run.job import Watcher

COMMAND = (sys.executable, "-m", "promptbench.backends.child")


class Watchers(Protocol):
    """Are told how a comparison goes on."""

    def note(self, message: str) -> None:
        """A step begins."""
        ...

    def run(self) -> Watcher:
        """Give the watcher of a run that begins."""
        ...


def measured(task: Task, watcher: Watcher, served: Served | None = None) -> Measured:
    """What a backend took; of one behind a server, the server's memory and start as well.

    Raises what the process was told to raise, as a PromptbenchError.
    """
    if served is not None:
        backend = replace(task.backend, spec=served.spec)
        task = replace(task, backend=backend, started=served.started)
    found: Measured | None = None
    for line in lines_of(task):
        if "planned" in line:
            watcher.planned(*line["planned"])
        elif "generated" in line:
            watcher.generated([counted(tokens) for tokens in line["generated"]])
        elif "error" in line:
            raise error_of(line["error"], task)
        else:
            found = Measured(**line["measured"])
    if found is None:
        raise RunError(
            f"the process of {task.backend.name} ended without a word",
            hint="There may be too little memory. What it generated is stored.",
        )
    return replace(found, memory=peak_memory(served.process)) if served else found


def lines_of(task: Task) -> Iterator[dict[str, Any]]:
    """What the process says, until it ends."""
    process = subprocess.Popen(
        [*COMMAND, json.dumps(asdict(task))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    finally:
        process.kill()
        process.communicate()


def counted(tokens: int) -> Completion:
    """What a progress bar needs of an output."""
    return Completion("", "", 0, tokens, "", 0.0)


def error_of(said: dict[str, str], task: Task) -> PromptbenchError:
    """What went wrong in the process."""
    kind = ModelError if said["where"] else RunError
    return kind(f"{task.backend.name}: {said['what']}", where=said["where"], hint=said["hint"])

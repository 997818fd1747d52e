"""Find what a run's prompts were before: the store in, the last other version of each out."""

from __future__ import annotations

from promptbench.record import Run
from promptbench.report.prompts import Earlier
from promptbench.store.database import Store

# How many runs back a version is looked for.
MOST_RUNS = 100


def earlier_prompts(store: Store, run: Run) -> dict[str, Earlier]:
    """By name, the version that a prompt had in the newest earlier run of the suite with another.

    Runs that began after this one, or at the same moment, do not count.
    """
    wanted: dict[str, set[str]] = {}
    for candidate in run.candidates:
        wanted.setdefault(candidate.prompt.name, set()).add(candidate.prompt.digest)
    found: dict[str, Earlier] = {}
    lines = [
        line for line in store.runs() if line.suite == run.suite and line.created < run.created
    ]
    for line in lines[:MOST_RUNS]:
        if len(found) == len(wanted):
            break
        for candidate in store.run(line.id).candidates:
            prompt = candidate.prompt
            if prompt.digest not in wanted.get(prompt.name, {prompt.digest}):
                found.setdefault(prompt.name, Earlier(prompt, line.id, line.created))
    return found

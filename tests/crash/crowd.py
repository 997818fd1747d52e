"""A program that runs suites of one workspace again and again, beside others that do so too.

`python -m tests.crash.crowd WORKSPACE WHO RUNS`; what it does follows from WHO and from the number:
some plans are the same in all processes, some are its own, and some are begun anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

from promptbench.model.spec import BACKENDS
from promptbench.run.job import run_suite
from promptbench.run.option import Options
from tests.fake import Behaviour, FakeBackend
from tests.run.workspace import Notes


def options_of(who: int, number: int) -> Options:
    """What to run: everybody's plan, one of a few, or one's own."""
    kind = number % 4
    if kind == 0:
        return Options()
    if kind == 1:
        return Options(limit=1 + number % 5)
    if kind == 2:
        return Options(seed=1000 * who + number, repeats=2)
    return Options(prompts=("plain",), fresh=True)


def main() -> None:
    """Run so often, and say how many outputs failed."""
    folder, who, runs = Path(sys.argv[1]), *map(int, sys.argv[2:])
    BACKENDS["fake"] = FakeBackend(Behaviour(order=who))
    for number in range(runs):
        result = run_suite(folder / "suites" / "mail.yaml", options_of(who, number), Notes())
        sys.stdout.write(f"{result.run_id} {result.errors}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

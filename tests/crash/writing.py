"""A program whose children write a file that is there already, and are killed while they do.

`python -m tests.crash.writing FOLDER KILLS KIND ...` prints a line for each kind of file: how often
the earlier one was there after the kill, how often the new one, how often anything else.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from promptbench.model.spec import BACKENDS
from promptbench.report.write import write_report
from promptbench.run.job import store_path
from promptbench.run.page import page_of
from promptbench.store.database import Store
from promptbench.tune.manifest import write_manifest
from tests.fake import Behaviour, FakeBackend
from tests.run.workspace import email, write_workspace

EARLIER = b"the earlier one"
Write = Callable[[], Path]


def writers(folder: Path) -> dict[str, Write]:
    """What is written, of one run."""
    workspace = write_workspace(folder)
    workspace.many(*({**email(n), "body": f"{n}. {'word ' * 400}"} for n in range(40)))
    run = workspace.run().run_id
    store = Store(store_path(workspace.folder), reading=True)
    page = page_of(store, run)[1]

    def table(kind: str) -> Path:
        from promptbench.store.export import export  # pandas, which a report does not need

        export(store, run, kind, folder / f"rows.{kind}")
        return folder / f"rows.{kind}"

    def manifest() -> Path:
        write_manifest(folder, "finetune", {"words": ["word"] * 50_000, "seconds": 1.0})
        return folder / "promptbench.json"

    return {
        "csv": lambda: table("csv"),
        "jsonl": lambda: table("jsonl"),
        "parquet": lambda: table("parquet"),
        "report": lambda: write_report(page, folder),
        "manifest": manifest,
    }


def killed(write: Write, seconds: float) -> None:
    """A process that writes, killed after so long if it still does."""
    if (pid := os.fork()) == 0:
        with suppress(BaseException):
            write()
        os._exit(0)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def cut(write: Write, size: int) -> None:
    """A process that dies in the middle of the write that makes a file longer than this."""
    if (pid := os.fork()) == 0:
        with suppress(BaseException):
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            write()
        os._exit(0)
    os.waitpid(pid, 0)


def outcome(path: Path, wanted: bytes) -> str:
    """What a reader finds; the date of a manifest may be another one."""
    found = path.read_bytes()
    if found == EARLIER:
        return "earlier"
    return "new" if len(found) == len(wanted) and found[-50:] == wanted[-50:] else "half"


def main() -> None:
    """Kill each kind so often."""
    folder, kills, kinds = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    BACKENDS["fake"] = FakeBackend(Behaviour())
    draw = random.Random(11)
    known = writers(folder)
    for kind in kinds:
        write = known[kind]
        write()  # what it imports does not count
        started = time.monotonic()
        path = write()
        spent, wanted = time.monotonic() - started, path.read_bytes()
        found: Counter[str] = Counter()
        for number in range(kills):
            path.write_bytes(EARLIER)
            if number % 2:
                killed(write, draw.uniform(0, 1.5 * spent))
            else:
                cut(write, len(wanted) * number // kills)
            found[outcome(path, wanted)] += 1
        sys.stdout.write(json.dumps({"kind": kind, **found}) + "\n")


if __name__ == "__main__":
    main()

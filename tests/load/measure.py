"""Load: many cases x three candidates of the fake model, each command in a process of its own.

`python -m tests.load.measure` prints what each command took, and what memory it held at most.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.run.workspace import PROGRAM

SUITE = """\
suite: load
description: Many made-up messages
data:
  test: cases.jsonl
prompts: [first.j2, second.j2, third.j2]
models: [fake:a]
sampling: {max_tokens: 16}
metrics:
  - rougeL
  - words: {max: 50}
"""
PROMPTS = {
    "first": "Summarize this message.\n\n{{ text }}\n",
    "second": "In one sentence: what does this say?\n\n{{ text }}\n",
    "third": "{{ text }}\n\nSummary:\n",
}
CANDIDATES = len(PROMPTS)
BEHAVIOUR = {"batch": 200, "window": 2000}
SYLLABLES = ["ba", "do", "ke", "li", "mu", "na", "po", "ri", "su", "ta", "ve", "zo"]
KINDS = ("csv", "jsonl", "parquet")
RUN = ("run", "suites/load.yaml", "--json")


@dataclass(frozen=True, slots=True)
class Said:
    """A line on stderr: seconds after the start, and what the command held then, in MB."""

    seconds: float
    megabytes: float
    line: str


@dataclass(frozen=True, slots=True)
class Took:
    """What a command took: seconds, MB at most, its exit code, and what it said."""

    seconds: float
    megabytes: float
    code: int
    said: tuple[Said, ...]
    out: str

    def when(self, words: str) -> Said:
        """When it said something with these words."""
        return next(each for each in self.said if words in each.line)


def write_workspace(folder: Path, cases: int) -> None:
    """Write a suite of messages that are runs of words, all different."""
    suites = folder / "suites"
    suites.mkdir(parents=True)
    (folder / "prompts").mkdir()
    (suites / "load.yaml").write_text(SUITE)
    for name, text in PROMPTS.items():
        (suites / f"{name}.j2").write_text(text)
    with (suites / "cases.jsonl").open("w") as file:
        for row in rows(cases):
            file.write(json.dumps(row) + "\n")


def rows(cases: int) -> Iterator[dict[str, object]]:
    """Rows of forty words, with a reference of words that the fake model may say."""
    draw = random.Random(0)
    words = ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(5000)]
    for number in range(cases):
        said = draw.choices(["the", "meeting", "is", "on", "friday", "notes", "room"], k=8)
        text = " ".join(draw.choices(words, k=40))
        yield {"id": f"case-{number}", "text": text, "references": [" ".join(said)]}


def command(folder: Path, *arguments: str, stop_at: int = 0) -> Took:
    """Run the command line with the fake model; interrupt it when so many outputs are stored."""
    place = os.environ | {"FAKE_MODEL": json.dumps(BEHAVIOUR), "COLUMNS": "100"}
    started, said, out = time.monotonic(), list[Said](), list[str]()
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), *arguments],
        cwd=folder,
        env=place,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        reader = threading.Thread(target=lambda file: out.append(file.read()), args=[child.stdout])
        reader.start()
        most = Most()
        threading.Thread(target=most.watch, args=[child]).start()
        if stop_at:
            threading.Thread(target=interrupt, args=[child, folder, stop_at]).start()
        for line in child.stderr:
            said.append(Said(time.monotonic() - started, held(child.pid), line.rstrip()))
        reader.join()
        code = child.wait()
    seconds = time.monotonic() - started
    return Took(seconds, most.megabytes, code, tuple(said), "".join(out))


@dataclass
class Most:
    """The most memory that a process has held, read while it lives.

    What the system tells afterwards counts in what the parent held when it forked.
    """

    megabytes: float = 0.0

    def watch(self, child: subprocess.Popen[str]) -> None:
        """Look ten times a second until it ends."""
        while child.poll() is None:
            self.megabytes = max(self.megabytes, held(child.pid, "VmHWM"))
            time.sleep(0.1)


def interrupt(child: subprocess.Popen[str], folder: Path, stop_at: int) -> None:
    """Press Ctrl-C once so many outputs are stored."""
    path = folder / ".promptbench" / "store.sqlite"
    while stored(path) < stop_at and child.poll() is None:
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)


def stored(path: Path) -> int:
    """How many outputs are stored, as another process sees it."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as opened:
            return int(opened.execute("SELECT max(id) FROM completion").fetchone()[0] or 0)
    except sqlite3.OperationalError:  # it is being made
        return 0


def held(pid: int, field: str = "VmRSS") -> float:
    """What a process holds, or has held at most (`VmHWM`), in MB; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith(field)), 0.0)


def everything(folder: Path, cases: int, kinds: Sequence[str]) -> Iterator[tuple[str, Took]]:
    """Interrupt a run halfway, go on, run it again, write its report and its exports."""
    yield "run, interrupted halfway", command(folder, *RUN, stop_at=CANDIDATES * cases // 2)
    yield "run, gone on with", command(folder, *RUN)
    yield "run, nothing left to do", command(folder, *RUN)
    (run,) = (path.name for path in (folder / "reports").iterdir())
    yield "report", command(folder, "report", run)
    for kind in kinds:
        wanted = ("--format", kind, "--output", str(folder / f"rows.{kind}"))
        yield f"export {kind}", command(folder, "export", run, *wanted)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="a folder that stays")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = arguments.keep or Path(made)
        write_workspace(folder, arguments.cases)
        for name, took in everything(folder, arguments.cases, KINDS):
            whole = f"{took.seconds:.1f} s, {took.megabytes:.0f} MB at most, exit {took.code}"
            lines = (f"{s.seconds:8.1f} s {s.megabytes:5.0f} MB  {s.line}" for s in took.said)
            sys.stdout.write("\n".join([f"{name}: {whole}", *lines, ""]))
            sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Load: many cases x three candidates of the fake model, each command in a process of its own.

`python -m tests.load.measure --cases 100000` prints what each command took and held at most.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
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
BEHAVIOUR = {"batch": 200, "window": 2000}
SYLLABLES = ["ba", "do", "ke", "li", "mu", "na", "po", "ri", "su", "ta", "ve", "zo"]


@dataclass(frozen=True, slots=True)
class Took:
    """What a command took: seconds, MB at most, and seconds until each message on stderr."""

    seconds: float
    megabytes: float
    told: tuple[tuple[float, float, str], ...]
    out: str

    def until(self, words: str) -> float:
        """Seconds until it said something with these words."""
        return next(at for at, _, line in self.told if words in line)

    def held(self, words: str) -> float:
        """What it held in MB when it said that."""
        return next(megabytes for _, megabytes, line in self.told if words in line)


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
    """Rows of forty words, with a reference of eight."""
    draw = random.Random(0)
    words = ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(5000)]
    for number in range(cases):
        text = draw.choices(words, k=40)
        yield {"id": f"case-{number}", "text": " ".join(text), "references": " ".join(text[:8])}


def command(folder: Path, *arguments: str, stop_at: str = "") -> Took:
    """Run the command line with the fake model; interrupt it when it says `stop_at`."""
    place = os.environ | {"FAKE_MODEL": json.dumps(BEHAVIOUR), "COLUMNS": "100"}
    started, told = time.monotonic(), []
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), *arguments],
        cwd=folder,
        env=place,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        out: list[str] = []
        reader = threading.Thread(target=lambda: out.append(child.stdout.read()))
        reader.start()
        for line in child.stderr:
            told.append((time.monotonic() - started, held(child.pid), line.rstrip()))
        reader.join()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit("\n".join(line for *_, line in told))
    seconds = time.monotonic() - started
    return Took(seconds, usage.ru_maxrss / 1e3, tuple(told), "".join(out))


def held(pid: int) -> float:
    """What a process holds, in MB; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmRSS")), 0.0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="a folder that stays")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = arguments.keep or Path(made)
        if not (folder / "suites").exists():
            write_workspace(folder, arguments.cases)
        for name, words in COMMANDS.items():
            took = command(folder, *words)
            print(f"{name}: {took.seconds:.1f} s, {took.megabytes:.0f} MB at most", flush=True)
            for at, megabytes, line in took.told:
                print(f"    {at:6.1f} s {megabytes:5.0f} MB  {line}", flush=True)


COMMANDS = {
    "run": ("run", "suites/load.yaml", "--json"),
    "again": ("run", "suites/load.yaml", "--json"),
}

if __name__ == "__main__":
    main()

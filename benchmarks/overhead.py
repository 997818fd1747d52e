"""What a request costs beside the model's own time, with a server that answers at once."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.words import TARGET

SUITE = """
suite: overhead
description: Instant answers.
data:
  test: cases.jsonl
prompts: [prompt.j2]
models:
  - {{model: "openai:instant@http://127.0.0.1:{port}/v1", server: {{concurrency: {at_once}}}}}
metrics:
  - words: {{max: 50}}
"""
PROMPT = "Summarize this message in one sentence.\n\n{{ text }}\n"
WORDS = 40


@dataclass(frozen=True, slots=True)
class Measured:
    """A run: seconds until its end, until all was stored, and of that spent generating.

    `before` is its memory in MB when it began to generate, `after` when all was stored.
    """

    wall: float
    stored: float
    generating: float
    before: float
    after: float
    peak: float


def main() -> None:
    """Measure and print; the last line is for machines."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--concurrency", type=int, default=64)
    arguments = parser.parse_args()
    number, at_once = arguments.requests, arguments.concurrency
    with tempfile.TemporaryDirectory() as folder, instant() as port:
        found = run(Path(folder), port, number, at_once)
        few = number // 10
        bare = asyncio.run(ask_all(port, few, at_once)) / few
    rate, end_to_end = number / found.generating, number / found.stored
    print(f"generating and storing: {rate:,.0f} requests/s; aiohttp alone: {1 / bare:,.0f}")
    print(f"from the command to the last one stored: {end_to_end:,.0f} requests/s")
    print(f"from the command to the report: {number / found.wall:,.0f} requests/s")
    print(
        f"memory: {found.before:.0f} MB when the first was sent, {found.after:.0f} MB when the last"
        f" was stored, {found.peak:.0f} MB at most (for the report)"
    )
    print(
        f"per_second={rate:.0f} end_to_end={end_to_end:.0f} ratio={1 / bare / rate:.2f}"
        f" growth_mb={found.after - found.before:.0f} peak_mb={found.peak:.0f}"
    )


def run(folder: Path, port: int, number: int, at_once: int) -> Measured:
    """Run a suite of so many cases in a process of its own."""
    write_workspace(folder, port, number, at_once)
    command = [sys.executable, "-m", "promptbench", "run", "suites/overhead.yaml", "--json"]
    place = dict(os.environ, PROMPTBENCH_CACHE=str(folder / "cache"))
    started = time.monotonic()
    told: dict[str, tuple[float, float]] = {}
    with subprocess.Popen(
        command, cwd=folder, env=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        for line in child.stderr:
            now = time.monotonic() - started, memory_of(child.pid, "VmRSS")
            for word in ("to generate", "Scoring"):
                if word in line:
                    told[word] = now
        found = json.loads(child.stdout.read() or "{}")
        _, _, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - started
    if not found or found["errors"] or found["generated"] != number:
        raise SystemExit(f"the run failed: {found}")
    stored, after = told["Scoring"]
    before = told["to generate"][1]
    return Measured(wall, stored, seconds_of(folder), before, after, usage.ru_maxrss / 1e3)


def memory_of(pid: int, field: str) -> float:
    """A figure of a process's memory in MB, 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith(field)), 0.0)


def seconds_of(folder: Path) -> float:
    """How long the store says that generating took."""
    with sqlite3.connect(folder / ".promptbench" / "store.sqlite") as store:
        (seconds,) = store.execute("SELECT seconds FROM run").fetchone()
    return float(seconds)


def write_workspace(folder: Path, port: int, number: int, at_once: int) -> None:
    """A suite of messages that are runs of words, all different."""
    (folder / "suites").mkdir(parents=True)
    (folder / "prompts").mkdir()
    draw = random.Random(0)
    words = [word for word in TARGET.read_text().split("\n") if word.isalpha()]
    with (folder / "suites" / "cases.jsonl").open("w") as file:
        for row in range(number):
            text = " ".join(draw.choices(words, k=WORDS))
            file.write(json.dumps({"id": str(row), "text": text}) + "\n")
    (folder / "suites" / "prompt.j2").write_text(PROMPT)
    (folder / "suites" / "overhead.yaml").write_text(SUITE.format(port=port, at_once=at_once))


@contextmanager
def instant() -> Iterator[int]:
    """The port of a server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.instant"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


async def ask_all(port: int, number: int, at_once: int) -> float:
    """Seconds that as many requests take that are only sent, by aiohttp alone."""
    body = json.dumps({"model": "instant", "messages": [{"role": "user", "content": "x" * 300}]})
    left = iter(range(number))
    connector = aiohttp.TCPConnector(limit=at_once)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def work() -> None:
            for _ in left:
                place = f"http://127.0.0.1:{port}/v1/chat/completions"
                async with session.post(place, data=body.encode()) as response:
                    json.loads(await response.read())

        started = time.monotonic()
        await asyncio.gather(*(work() for _ in range(at_once)))
        return time.monotonic() - started


if __name__ == "__main__":
    main()

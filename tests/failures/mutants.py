"""Put each reported failure back into a copy of promptbench and see the row's test go red.

`python -m tests.failures.mutants`, or `make mutants`. With `--write` the table goes into
docs/mutants.md. The exit code is 1 if a failure came back without a test that noticed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Literal
from xml.etree import ElementTree

from rich.console import Console
from rich.progress import Progress

from tests.failures.patch import ROOT, Patch, patches
from tests.failures.table import page, show

PARTS = ("promptbench", "tests", "pyproject.toml")
LONGEST = 100
# What a test says when it fails, and not when something else breaks.
FAILED = re.compile(r"AssertionError|assert |Failed: DID NOT RAISE")

End = Literal["caught", "survived", "broken"]


@dataclass(frozen=True)
class Outcome:
    """What became of a patch: the test that went red, and the first line of what it said."""

    patch: Patch
    end: End
    test: str = ""
    message: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all patches, or those that are named; the exit code comes back."""
    options = parsed(arguments)
    chosen = [p for p in patches() if not options.names or p.name.startswith(options.names)]
    console = Console()
    with TemporaryDirectory(prefix="mutants-") as place:
        first = copied(Path(place) / "0")
        if said := unpatched(first, chosen):
            console.print(said, markup=False)
            return 1
        more = range(1, options.workers)  # with what the first has compiled
        trees = [first, *(shutil.copytree(first, Path(place) / str(n)) for n in more)]
        with Progress(console=Console(stderr=True)) as progress:
            track = progress.add_task("failures put back", total=len(chosen))
            outcomes = []
            for outcome in tried(chosen, trees):
                outcomes.append(outcome)
                progress.advance(track)
    show(outcomes, console)
    if options.write:
        (ROOT / "docs" / "mutants.md").write_text(page(outcomes), encoding="utf-8")
    return int(any(outcome.end != "caught" for outcome in outcomes))


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.failures.mutants")
    parser.add_argument("names", nargs="*", help="beginnings of names, such as 03 or 11_first")
    parser.add_argument("--workers", type=int, default=1, help="so many at a time")
    parser.add_argument("--write", action="store_true", help="write docs/mutants.md")
    options = parser.parse_args(arguments)
    options.names = tuple(options.names)
    if options.names and options.write:
        parser.error("--write wants all patches")
    return options


def copied(tree: Path) -> Path:
    """A copy of what git knows, and of what it would know, of the parts that tests need."""
    command = ["git", "ls-files", "-z", "-c", "-o", "--exclude-standard", "--", *PARTS]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return tree


def unpatched(tree: Path, chosen: Sequence[Patch]) -> str:
    """What the tests say without any patch, "" if they are green."""
    done = pytest(tree, sorted({patch.test for patch in chosen}))
    return done.stdout if done.returncode else ""


def tried(chosen: Sequence[Patch], trees: Sequence[Path]) -> Iterator[Outcome]:
    """The outcomes in order, as many at a time as there are trees."""
    free: SimpleQueue[Path] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def try_one(patch: Patch) -> Outcome:
        tree = free.get()
        try:
            return outcome_of(patch, tree)
        finally:
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        yield from pool.map(try_one, chosen)


def outcome_of(patch: Patch, tree: Path) -> Outcome:
    """Apply a patch, run its row's test, and take it back."""
    applied = patch.apply(tree)
    if applied.returncode:
        return Outcome(patch, "broken", message=applied.stderr.strip())
    report = tree / "report.xml"
    report.unlink(missing_ok=True)
    try:
        done = pytest(tree, [patch.test], f"--junit-xml={report}")
    finally:
        for name in patch.files:  # with their dates, which what is compiled goes by
            shutil.copy2(ROOT / name, tree / name)
    if done.returncode == 0:
        return Outcome(patch, "survived")
    test, message = failure_in(report) if report.is_file() else ("", "")
    red = done.returncode == 1 and FAILED.match(message)
    return Outcome(patch, "caught" if red else "broken", test, message or done.stdout[-300:])


def pytest(tree: Path, modules: Sequence[Path], *options: str) -> subprocess.CompletedProcess[str]:
    """Run tests of a tree, of which nothing that is patched gets compiled to stay."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-x", *options]
    command += [str(module.relative_to(ROOT)) for module in modules]
    settings = {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1" if options else ""}
    return subprocess.run(
        command, cwd=tree, env=os.environ | settings, capture_output=True, text=True
    )


def failure_in(report: Path) -> tuple[str, str]:
    """The name of the test that failed, and its message, shortened, without what changes."""
    for case in ElementTree.parse(report).iter("testcase"):
        failure = case.find("failure")
        if failure is not None:
            line = failure.get("message", "").partition("\n")[0]
            return case.get("name", ""), shortened(line)
    return "", ""


def shortened(line: str) -> str:
    """A line without folders, digests and run ids, which are others each time."""
    plain = re.sub(r"(/[\w.-]+){2,}", "...", line)
    plain = re.sub(r"\b[0-9a-f]{8,}\b", "...", plain)
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 3]}..."


if __name__ == "__main__":
    sys.exit(main())

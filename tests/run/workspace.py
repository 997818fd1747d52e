"""A small workspace on the disk: a folder in; a suite, prompts and data for the fake model out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptbench.record import Completion, Sample
from promptbench.run.job import Result, run_suite, store_path
from promptbench.run.option import Options
from promptbench.run.plan import Plan, make_plan
from promptbench.store.database import Store
from promptbench.suite.read import read_suite

PROGRAM = Path(__file__).parents[1] / "fake.py"

SUITE = """\
suite: mail
description: Short summaries of made-up emails
data:
  test: mail/test.jsonl
  dev: mail/dev.jsonl
  train: mail/train.jsonl
  cluster: thread
prompts:
  - ../prompts/plain.j2
  - ../prompts/brief.j2
models:
  - fake:a
sampling: {max_tokens: 16}
metrics:
  - rougeL
  - words: {max: 8}
"""

PLAIN = """\
{% block system %}You summarize emails.{% endblock %}
{% block user %}
{% block instruction %}Summarize this email.{% endblock %}

{% block input %}{{ subject }}: {{ body }}{% endblock %}
{% endblock %}
"""

BRIEF = """\
{% extends "plain.j2" %}
{% block instruction %}In one short sentence, what does this email want?{% endblock %}
"""

FEWSHOT = """\
{% extends "plain.j2" %}
{% block instruction %}
{% for example in examples %}{{ example.subject }} -> {{ example.reference }}
{% endfor %}
{% endblock %}
"""


@dataclass
class Notes:
    """A Watcher that remembers what it was told."""

    total: int = 0
    missing: int = 0
    batches: list[list[Completion]] = field(default_factory=list)
    stops: list[tuple[str, int, int, int]] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)
    spared: int = 0

    def note(self, message: str) -> None:
        """See Watcher."""

    def planned(self, total: int, missing: int, what: str = "outputs") -> None:
        """See Watcher."""
        if what == "outputs":
            self.total, self.missing = total, missing
        else:
            self.asked.append((total, missing))

    def generated(self, batch: list[Completion]) -> None:
        """See Watcher."""
        self.batches.append(batch)

    def found(self, number: int) -> None:
        """See Watcher."""
        self.spared += number

    def stopped(self, candidate: str, cases: int, total: int, saved: int) -> None:
        """See Watcher."""
        self.stops.append((candidate, cases, total, saved))


@dataclass(frozen=True)
class Workspace:
    """A folder with `suites/mail.yaml`: two prompts, six test cases in three threads."""

    folder: Path

    @property
    def suite(self) -> Path:
        """The suite file."""
        return self.folder / "suites" / "mail.yaml"

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace what stands once in a file."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def cases(self, split: str, *rows: dict[str, Any]) -> None:
        """Write a split's cases."""
        self.write(f"suites/mail/{split}.jsonl", "".join(json.dumps(r) + "\n" for r in rows))

    def many(self, *rows: dict[str, Any]) -> None:
        """Write so many test cases that dev and train must say something else than they did."""
        self.cases("test", *rows)
        others = [
            {**email(number), "body": f"Lunch {number} waits in the kitchen, come and get it."}
            for number in range(1010, 1024)
        ]
        self.cases("dev", *others[:4])
        self.cases("train", *others[4:])

    def plan(self, **options: Any) -> Plan:
        """Plan a run."""
        return make_plan(read_suite(self.suite), Options(**options))

    def run(self, watcher: Notes | None = None, **options: Any) -> Result:
        """Run the suite in this process."""
        return run_suite(self.suite, Options(**options), watcher or Notes())

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store, open for a moment."""
        store = Store(store_path(self.folder))
        try:
            yield store
        finally:
            store.close()

    def samples(self, run_id: str) -> list[Sample]:
        """All cells of a run."""
        with self.store() as store:
            return list(store.samples(run_id))

    def start(self, *arguments: str, **behaviour: Any) -> subprocess.Popen[str]:
        """Start the command line, with the fake model in it, in a process of its own."""
        environment = os.environ | {"FAKE_MODEL": json.dumps(behaviour), "COLUMNS": "80"}
        return subprocess.Popen(
            [sys.executable, str(PROGRAM), *arguments],
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def email(number: int, thread: int | None = None) -> dict[str, Any]:
    """A row of data."""
    return {
        "id": f"mail-{number}",
        "thread": f"thread-{number // 2 if thread is None else thread}",
        "subject": f"Meeting number {number}",
        "body": f"Dear all, the meeting is on friday at {number} in room {number}. Bring notes.",
        "references": [f"The meeting is on friday at {number}.", "Bring notes to the meeting."],
    }


def write_workspace(folder: Path) -> Workspace:
    """Write all files."""
    workspace = Workspace(folder.resolve())
    workspace.write("suites/mail.yaml", SUITE)
    workspace.write("prompts/plain.j2", PLAIN)
    workspace.write("prompts/brief.j2", BRIEF)
    workspace.write("prompts/fewshot.j2", FEWSHOT)
    workspace.cases("test", *map(email, range(6)))
    workspace.cases("dev", *map(email, range(10, 14)))
    workspace.cases("train", *map(email, range(20, 30)))
    return workspace

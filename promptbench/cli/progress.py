"""Show how a run goes on: a line for a long step, a bar with rate and estimate for generating."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from promptbench.cli.terminal import plain
from promptbench.record import Completion

ONE = {"outputs": "output", "answers for metrics": "answer for metrics", "replies": "reply"}


class Pace(ProgressColumn):
    """Tokens a second, and how long the rest will take, from what this sitting has done."""

    def __init__(self) -> None:
        """Start with nothing done."""
        super().__init__()
        self.tokens = 0
        self.started = time.monotonic()

    def render(self, task: Task) -> Text:
        """For example `210 tokens/s · about 1:40 left`."""
        spent = time.monotonic() - self.started
        if task.total is None or not is_telling(task.completed, task.total):
            return Text("estimating ...", style="dim")
        left = int(spent / task.completed * (task.total - task.completed))
        estimate = f"about {left // 60}:{left % 60:02d} left" if left else "done"
        return Text(f"{self.tokens / spent:.0f} tokens/s · {estimate}", style="dim")


def is_telling(done: float, total: float) -> bool:
    """Whether enough is done to estimate the rest: the first outputs wait for many prompts."""
    return done >= max(4, total / 8) or done == total


class RunProgress:
    """Watches a run on a terminal; where stderr is no terminal it prints a line now and then."""

    def __init__(self, console: Console) -> None:
        """`console` is stderr."""
        self.console = console
        self.pace = Pace()
        self.bar: Progress | None = None
        self.total = self.missing = self.done = 0
        self.what = "outputs"
        self.told = 0.0

    def __enter__(self) -> RunProgress:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away and say how to go on after an interruption."""
        self.stop()
        if isinstance(error, KeyboardInterrupt | SystemExit):
            stored = f"{self.done} of {self.missing} {self.what} of this sitting are stored. "
            self.console.print(f"{stored if self.missing else ''}The same command continues.")

    def note(self, message: str) -> None:
        """A long step begins."""
        self.stop()
        self.console.print(plain(message, "dim"))

    def planned(self, total: int, missing: int, what: str = "outputs") -> None:
        """Say what there is to do."""
        self.stop()
        self.total, self.missing, self.done, self.what = total, missing, 0, what
        self.pace = Pace()
        reused = f", {total - missing} stored already" if missing < total else ""
        counted = ONE.get(what, what) if total == 1 else what
        self.console.print(f"{total} {counted}{reused}, {missing} to generate")
        if missing and self.console.is_terminal:
            self.bar = Progress(
                TextColumn("generating"),
                BarColumn(bar_width=30),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                self.pace,
                console=self.console,
                transient=True,
            )
            self.bar.add_task("generating", total=missing)
            self.bar.start()

    def generated(self, batch: list[Completion]) -> None:
        """A batch is stored."""
        self.done += len(batch)
        self.pace.tokens += sum(done.output_tokens for done in batch)
        if self.bar:
            self.bar.update(self.bar.task_ids[0], completed=self.done)
        elif time.monotonic() - self.told > 10:
            self.told = time.monotonic()
            spent = self.told - self.pace.started
            left = spent / self.done * (self.missing - self.done)
            telling = is_telling(self.done, self.missing)
            estimate = f"about {left:.0f} s left" if telling else "estimating ..."
            self.console.print(f"{self.done}/{self.missing}, {estimate}")

    def found(self, number: int) -> None:
        """Expect so many less: they are there already."""
        self.missing -= number
        if self.bar:
            self.bar.update(self.bar.task_ids[0], total=self.missing)

    def stopped(self, candidate: str, cases: int, total: int, saved: int) -> None:
        """A race has stopped a candidate: say so, and expect that much less."""
        self.missing -= saved
        if self.bar:
            self.bar.update(self.bar.task_ids[0], total=self.missing)
        text = f"{candidate}: beaten, stopped after {cases} of {total} cases"
        self.console.print(plain(f"{text} ({saved} outputs saved)"))

    def stop(self) -> None:
        """Take the bar away."""
        if self.bar:
            self.bar.stop()
            self.bar = None

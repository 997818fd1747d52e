"""Show how a training goes on: a line for a long step, a bar with loss and estimate for steps."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from promptbench.cli.terminal import plain


class TrainingProgress:
    """Watches a training; where stderr is no terminal it prints a line now and then."""

    def __init__(self, console: Console) -> None:
        """`console` is stderr."""
        self.console = console
        self.bar: Progress | None = None
        self.steps = self.first = 0
        self.started = self.told = time.monotonic()

    def __enter__(self) -> TrainingProgress:
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
            self.console.print("The last saved step is kept. The same command continues.")

    def note(self, message: str) -> None:
        """See tune.watch.Watcher."""
        self.stop()
        self.console.print(plain(message, "dim"))

    def planned(self, steps: int, done: int) -> None:
        """See tune.watch.Watcher."""
        self.stop()
        self.steps, self.first = steps, done
        self.started = self.told = time.monotonic()
        before = f", {done} done before" if done else ""
        self.console.print(f"{steps} training step{'s' * (steps != 1)}{before}")
        if self.console.is_terminal and done < steps:
            self.bar = Progress(
                TextColumn("training"),
                BarColumn(bar_width=30),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}", style="dim"),
                console=self.console,
                transient=True,
            )
            self.bar.add_task("estimating ...", total=steps, completed=done)
            self.bar.start()

    def stepped(self, step: int, loss: float) -> None:
        """See tune.watch.Watcher."""
        now = time.monotonic()
        spent = now - self.started
        left = int(spent / max(1, step - self.first) * (self.steps - step))
        text = f"loss {loss:.3f} · about {left // 60}:{left % 60:02d} left"
        if self.bar:
            self.bar.update(self.bar.task_ids[0], completed=step, description=text)
        elif now - self.told > 10:
            self.told = now
            self.console.print(f"step {step}/{self.steps}, {text}")

    def stop(self) -> None:
        """Take the bar away."""
        if self.bar:
            self.bar.stop()
            self.bar = None

"""Be told to end, by a signal or a terminal that is closed, and end as after Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TextIO, cast

# Windows has no SIGHUP.
SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
# A terminal that is closed, its shell and its service each send a signal of their own.
AT_ONCE = 1.0


class Ended(SystemExit):
    """A signal ends this process; its exit code is the one that shells know for that."""

    def __init__(self, number: int) -> None:
        """`number` is the signal's."""
        super().__init__(128 + number)
        self.name = signal.Signals(number).name


class Told:
    """Raises Ended at the first of several signals that come together."""

    def __init__(self) -> None:
        """Nobody has said anything."""
        self.last = float("-inf")

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """What a signal does."""
        before, self.last = self.last, time.monotonic()
        if self.last - before > AT_ONCE:
            raise Ended(number)


@contextmanager
def listening() -> Iterator[None]:
    """Hear signals and outlive the terminal; a signal that `nohup` keeps away stays so."""
    told = Told()
    handlers = {
        number: signal.signal(number, told)
        for number in SIGNALS
        if signal.getsignal(number) is signal.SIG_DFL
    }
    # Notes and progress must not end a run because nobody is there to read them.
    before = sys.stderr
    if before is not None:  # Python may have been started without one
        sys.stderr = cast(TextIO, Monologue(before))
    try:
        yield
    finally:
        sys.stderr = before
        for number, handler in handlers.items():
            signal.signal(number, handler)


class Monologue:
    """A stream whose listener may go away: what is said then is lost, and nothing else."""

    def __init__(self, stream: Any) -> None:
        """Speak through `stream`."""
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        """Be like the stream in all else."""
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write, or not."""
        with suppress(OSError):
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write now, or not."""
        with suppress(OSError):
            self.stream.flush()


@contextmanager
def read_by_somebody() -> Iterator[None]:
    """Print results; that their reader, such as `head`, has gone changes nothing else."""
    try:
        yield
    except BrokenPipeError:
        sys.stdout = None

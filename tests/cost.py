"""What a piece of work takes: seconds of this process, and how much more memory at its peak."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What is not bounded takes minutes; a slow processor, or one with slow neighbours, some of this.
SLACK = 4


@contextmanager
def at_most(seconds: float, megabytes: float) -> Iterator[None]:
    """Fail if what happens inside takes more, by far. The seconds are the processor's own."""
    Path("/proc/self/clear_refs").write_text("5")  # forget how much it was at most
    before, started = taken("VmRSS"), time.process_time()
    yield
    spent, more = time.process_time() - started, taken("VmHWM") - before
    assert spent < SLACK * seconds, f"{spent:.1f} s"
    assert more < megabytes, f"{more:.0f} MB"


def taken(field: str) -> float:
    """Megabytes that the kernel says this process takes, or (VmHWM) has taken at most."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1000

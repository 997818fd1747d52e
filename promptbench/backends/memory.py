"""The most memory that a process has held at once, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

PEAK = "VmHWM:"


def peak_memory(process: int) -> int | None:
    """The peak of a process that runs, in bytes; None where the system does not tell.

    Files that are mapped count as far as they were read. `wait4` would tell of a process that has
    ended, but counts in what its parent held when it was made.
    """
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(PEAK):
            return int(line.removeprefix(PEAK).split()[0]) * 1024
    return None

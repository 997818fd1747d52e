"""Compile a regular expression from a suite, unless it could take gigabytes."""

from __future__ import annotations

import re

import regex

# What the package regex builds for a pattern, roughly in characters: 100,000 take 30 MB.
MOST = 100_000

# A count that stands behind a group repeats all of it, one behind another count as well.
COUNT = re.compile(r"(?P<before>[)}]\s*)?\{(?P<least>[0-9]*)(?:,[0-9]*)?\}")
# Under the flag x there may be white space and comments in between.
SPACED = re.compile(r"\(\?[a-zA-Z0-9]*x")

# (?R), (?1), (?&name): a match takes a gigabyte a second, and only its time can be limited.
RECURSION = re.compile(r"(?<!\\)(?:\\\\)*\(\?(?:R|[-+]?[0-9]|&|P>)")


def compiled(pattern: str) -> regex.Pattern[str]:
    """The pattern. Raises ValueError for what is none, for a recursive one or a too large one."""
    if RECURSION.search(pattern):
        raise ValueError("not a usable pattern: recursion, such as (?R), is not available")
    if written_out(pattern) > MOST:
        raise ValueError("not a usable pattern: its counts, such as {1000}, multiply to too much")
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a pattern: {error}") from None


def written_out(pattern: str) -> int:
    """At most how long a pattern is with its counts written out, as regex does it.

    Every count of a group is taken as if it stood around all others.
    """
    spaced = SPACED.search(pattern) is not None
    inner, outer = len(pattern), 1
    for count in COUNT.finditer(pattern):
        least = min(int(count["least"] or 0), MOST + 1)
        if spaced or count["before"]:
            outer *= max(least, 1)
        else:
            inner += least
        if outer > MOST:
            break
    return inner * outer

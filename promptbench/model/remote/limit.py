"""Hold back requests so that a server's limits are kept: so many, and so many tokens, a minute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

MINUTE = 60.0


@dataclass(slots=True)
class Bucket:
    """A bucket of `capacity` units that fills up within a minute (token bucket).

    It starts with what one second brings, so that a run does not begin with a minute's worth.
    """

    capacity: float
    clock: Callable[[], float] = time.monotonic
    level: float = field(init=False)
    filled: float = field(init=False)

    def __post_init__(self) -> None:
        """Start with a second's worth."""
        self.level = self.capacity / MINUTE
        self.filled = self.clock()

    def wait_for(self, units: float) -> float:
        """Take units and return after how many seconds they may be used.

        What is asked for beyond what is there is owed: whoever comes next waits for that too.
        """
        now = self.clock()
        rate = self.capacity / MINUTE
        self.level = min(self.capacity, self.level + (now - self.filled) * rate)
        self.filled = now
        self.level -= min(units, self.capacity)
        return max(0.0, -self.level / rate)


@dataclass(slots=True)
class Limits:
    """The limits of one server."""

    requests: Bucket | None = None
    tokens: Bucket | None = None

    async def admit(self, tokens: int) -> None:
        """Wait until a request of about so many tokens may go out."""
        waits = [
            bucket.wait_for(units)
            for bucket, units in ((self.requests, 1), (self.tokens, tokens))
            if bucket is not None
        ]
        if waits and max(waits) > 0:
            await asyncio.sleep(max(waits))


def limits_for(requests: int | None, tokens: int | None) -> Limits:
    """The limits that are stated, by minute."""
    return Limits(
        Bucket(requests) if requests else None,
        Bucket(tokens) if tokens else None,
    )

"""When to ask a server again, and after how long."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Too many requests, a server that is starting, overloaded or restarting.
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
# No request of this run could be answered: a wrong key, no such model.
FATAL = frozenset({401, 402, 403, 404, 405})
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0
# A server that asks for a longer pause is not waited for.
PATIENCE = 600.0


def pause(attempt: int, asked: float | None, draw: random.Random) -> float:
    """Seconds before try number `attempt` + 2: what the server asked for, or twice as long a time.

    Drawn between half and all of it (Amazon's "equal jitter"), so that many do not come at once.
    """
    backoff = min(LONGEST_WAIT, FIRST_WAIT * 2.0**attempt)
    wait = backoff * draw.uniform(0.5, 1.0)
    return wait if asked is None else max(asked, wait)


def asked_pause(value: str | None) -> float | None:
    """The seconds of a Retry-After header: a number or a date; None for neither."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        return max(0.0, (when - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None

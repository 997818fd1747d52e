"""Say how fast a run goes on: when its newest outputs were stored in; rate and estimate out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from promptbench.report.number import duration, fixed

# So many of the newest outputs tell the rate.
LOOKED_AT = 200
# Seconds without an output after which a new sitting began, or nobody may be at work any more.
PAUSE = 300.0
FEW = 4
# Seconds over which a rate can be told: the store keeps whole ones.
SHORT = 3.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Outputs a second in the last sitting, None while that cannot be told; seconds of silence."""

    rate: float | None
    silent: float | None

    def told(self, left: int) -> str:
        """Say it in words, for `left` outputs that are missing."""
        if self.silent is None:
            return "no output yet"
        if self.silent > PAUSE:
            return f"newest output {duration(self.silent)} ago"
        if not left:
            return "all outputs there; scoring"
        if self.rate is None:
            return "estimating ..."
        if self.rate >= 1:
            speed = f"{fixed(self.rate, 1)} outputs a second"
        else:
            speed = f"{fixed(60 * self.rate, 1)} outputs a minute"
        return f"{speed}, about {whole(left / self.rate)} left"


def pace(arrivals: Sequence[str], now: datetime) -> Pace:
    """Take the times at which outputs were stored, the newest first, and the time that it is."""
    moments = [found for each in arrivals if (found := moment(each)) is not None]
    if not moments:
        return Pace(None, None)
    sitting = last_sitting(moments)
    # Up to now rather than to the newest: a run that slows down shows it.
    spent = (now - sitting[-1]).total_seconds()
    silent = max(0.0, (now - sitting[0]).total_seconds())
    # The oldest were there when the clock began.
    count = sum(each > sitting[-1] for each in sitting)
    telling = count >= FEW and spent >= SHORT
    return Pace(count / spent if telling else None, silent)


def last_sitting(moments: Sequence[datetime]) -> Sequence[datetime]:
    """Those before which there was no pause; the newest first."""
    for place, (later, earlier) in enumerate(pairwise(moments), start=1):
        if (later - earlier).total_seconds() > PAUSE:
            return moments[:place]
    return moments


def moment(text: str) -> datetime | None:
    """A time as the store writes it; None where it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def whole(seconds: float) -> str:
    """A time to come, as exactly as an estimate deserves."""
    return duration(seconds) if seconds >= 60 else f"{max(1, round(seconds))} s"

"""How a server is used: what it may be asked at once, how long it may take, what it costs."""

from __future__ import annotations

from dataclasses import dataclass

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, of the prompt and of the output."""

    input: float
    output: float

    def of(self, read: int, written: int) -> float:
        """The price of some tokens."""
        return (read * self.input + written * self.output) / MILLION


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a suite may say of a server. None is no limit, or not known.

    `timeout` is in seconds, for a whole answer. `retries` counts the tries after the first.
    With `batch` requests go to the service's batch endpoint, for less money and within a day.
    `context` is in tokens; `served` is the name under which the server may answer, if another.
    """

    concurrency: int = 8
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    timeout: float = 120.0
    retries: int = 6
    context: int | None = None
    served: str = ""
    price: Price | None = None
    batch: bool = False

"""What a user may choose for one run beside the suite."""

from __future__ import annotations

from dataclasses import dataclass

from promptbench.model.cluster.settings import Cluster


@dataclass(frozen=True, slots=True)
class Options:
    """`prompts` picks from the suite's; `models` and `memories` replace them.

    None leaves the suite's value.
    `race` stops candidates that are beaten beyond doubt. `allow_leaks` leaves out the cases that
    train or dev gives away, where a run would otherwise be refused.
    `max_cost` is what models behind an API may cost together, in the currency of their prices.
    With `batch` they are all asked through the batch endpoints of their services.
    With a `cluster`, its workers run the models.
    Who is only `looking` runs none of the suite's own code, and can score nothing.
    `max_memory` (bytes), `device` and `precision` are for models that run in this process.
    """

    split: str = "test"
    limit: int | None = None
    prompts: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    memories: tuple[str, ...] = ()
    repeats: int | None = None
    seed: int | None = None
    fresh: bool = False
    max_memory: int | None = None
    device: str = ""
    precision: str = ""
    race: bool = False
    allow_leaks: bool = False
    max_cost: float | None = None
    batch: bool = False
    cluster: Cluster | None = None
    looking: bool = False

"""What a user may choose for one training beside the suite."""

from __future__ import annotations

from dataclasses import dataclass, field

from promptbench.tune.recipe import Wish


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """`prompt` and `model` are the suite's first if they are not given; `name` is made from them.

    `limit` trains on so many cases, drawn by the seed: with equal seeds a larger draw holds every
    smaller one. `max_memory` (bytes) bounds what a step may take beside weights and optimizer.
    `memory` says what of a chat comes back into its prompts, such as "last:6".
    """

    prompt: str = ""
    model: str = ""
    name: str = ""
    memory: str = ""
    limit: int | None = None
    wish: Wish = field(default_factory=Wish)
    max_memory: int | None = None
    device: str = ""
    fresh: bool = False
    allow_leaks: bool = False

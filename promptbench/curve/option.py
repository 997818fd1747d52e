"""What a user may choose for a curve beside the suite."""

from __future__ import annotations

from dataclasses import dataclass, field

from promptbench.tune.recipe import Wish


@dataclass(frozen=True, slots=True)
class CurveOptions:
    """`sizes` are numbers of training cases, `shots` of examples in a prompt; empty: chosen.

    `prompt` is what is trained on (the suite's first), `model` what is trained (the suite's
    first). `wish` is how; its seed and epochs are set arm by arm where the user leaves them open.
    """

    sizes: tuple[int, ...] = ()
    shots: tuple[int, ...] = ()
    seeds: int | None = None
    prompt: str = ""
    model: str = ""
    wish: Wish = field(default_factory=Wish)
    quick: bool = False
    limit: int | None = None
    max_memory: int | None = None
    device: str = ""
    allow_leaks: bool = False

"""How long and how fast a tiny transformer is trained."""

from __future__ import annotations

from dataclasses import dataclass

from promptbench.error import InputError

# Each token is read about so often, but for the bounds: over a small text a model learns it by
# heart, and over a large one a default should still end within minutes.
READINGS, LEAST_STEPS, MOST_STEPS = 12, 200, 400


@dataclass(frozen=True, slots=True)
class Schedule:
    """`steps` of `batch` examples each; 0 steps are as many as suit the text.

    The learning rate rises to `rate` over the first tenth of the steps and falls along a cosine.
    """

    steps: int = 0
    batch: int = 8
    rate: float = 1e-3
    seed: int = 0


def check_schedule(schedule: Schedule) -> None:
    """Raises InputError for a rate at which nothing is learnt."""
    if not 0 < schedule.rate <= 1:
        raise InputError(
            f"--lr is {schedule.rate}", hint="It must be above 0; 0.001 suits a tiny transformer."
        )


def steps_for(tokens: int, batch_tokens: int) -> int:
    """Steps that read a text of `tokens` a dozen times, within bounds."""
    return min(MOST_STEPS, max(LEAST_STEPS, -(-READINGS * tokens // batch_tokens)))

"""What a page is made of: everything that the store holds of a run, as records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from promptbench.record import (
    Case,
    Control,
    Judgement,
    Nearness,
    Rating,
    Run,
    Sample,
    Seen,
    Turn,
)
from promptbench.report.grid import Grid
from promptbench.report.prompts import Earlier
from promptbench.report.summary import Summary


@dataclass(frozen=True, slots=True)
class Material:
    """A run and all that is known of it.

    `prompts` are those that the models saw, by the key of their request; without them a case's
    page shows none. `earlier` are versions that prompts had in runs before, by the prompt's name,
    None if nobody looked. `turns` are what was said in a chat, each dialogue in its order.
    `figures` are those of the samples, where they have been worked out already. `spent` is what the
    answers of models behind an API cost, those that metrics asked for included.
    """

    run: Run
    cases: Sequence[Case]
    samples: Sequence[Sample]
    judgements: Sequence[Judgement] = ()
    nearness: Sequence[Nearness] = ()
    controls: Sequence[Control] = ()
    prompts: Mapping[str, Seen] = field(default_factory=dict)
    earlier: Mapping[str, Earlier] | None = None
    ratings: Sequence[Rating] = ()
    turns: Sequence[Turn] = ()
    figures: tuple[Grid, Summary] | None = None
    spent: float | None = None

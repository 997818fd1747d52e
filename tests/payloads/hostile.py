"""Records full of hostile texts, for pages of all kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from promptbench.record import (
    Completion,
    Judgement,
    Message,
    Nearness,
    Rating,
    Run,
    Section,
    Seen,
)
from promptbench.report.anatomy import Reading, Study
from promptbench.report.effect import Effect
from promptbench.report.heat import AttentionMap
from promptbench.report.material import Material
from promptbench.report.prompts import Earlier
from tests.payloads.poison import Poison
from tests.payloads.xss import PAYLOADS
from tests.report.everything import material
from tests.report.labelled import drawn

COUNT = len(PAYLOADS)


def whole() -> Material:
    """All sections, with so many cases, labels, gates and ratings that each payload comes up."""
    found = material(drawn(COUNT, COUNT))
    places = range(COUNT)
    one, other = (each.name for each in found.run.candidates)
    made = [
        Seen(
            f"key {place}",
            f"seen {place}",
            (Message("user", f"said {place}", (Section(f"part {place}", 0, 4),)),),
        )
        for place in places
    ]
    ids = [each.id for each in found.cases]
    return replace(
        found,
        samples=[
            replace(each, completion=each.completion and replace(each.completion, key=f"key {n}"))
            if n < COUNT
            else replace(each, completion=each.completion and failing(each.completion, n))
            for n, each in enumerate(found.samples)
        ],
        judgements=[
            Judgement(f"gate {n}", n, "failed", "accuracy", f"by {n}", f"figure {n}", f"why {n}")
            for n in places
        ],
        nearness=[Nearness(one, ids[n], 0, 0.9, 0.3, f"train-{n}", f"Target {n}") for n in places],
        ratings=[
            Rating(f"rater {n}", ids[n], one, other, 0, 0, "left", f"note {n}") for n in places
        ],
        prompts={each.key: each for each in made},
        earlier={
            each.prompt.name: Earlier(replace(each.prompt, source="Before."), "run-0", "2025-01-01")
            for each in found.run.candidates
        },
    )


def failing(done: Completion, number: int) -> Completion:
    """Some outputs are errors."""
    return replace(done, error=f"error {number}") if number % 5 == 0 else done


def marked(run: Run, payloads: Sequence[str]) -> Run:
    """A run whose manifest holds the payloads as keys and as values."""
    return replace(run, manifest={**run.manifest, "more": {p: {p: [p, {p: p}]} for p in payloads}})


def poisoned(found: Material, poison: Poison) -> Material:
    """Hostile in every text."""
    hostile = poison.record(found)
    return replace(hostile, run=marked(hostile.run, poison.payloads))


def studied() -> Study:
    """A look inside a model whose texts are hostile."""
    weights = tuple(tuple(1 / COUNT for _ in PAYLOADS) for _ in PAYLOADS)
    return Study(
        *("\n".join(PAYLOADS), "\n".join(PAYLOADS), 3, "\n".join(PAYLOADS), PAYLOADS),
        (Reading("\n".join(PAYLOADS), (0.1,) * COUNT),),
        (AttentionMap("0.1", PAYLOADS, PAYLOADS, weights),),
        *("\n".join(PAYLOADS), 1.5, 9, 3),
        tuple(Effect(p, "head", p, 0.1 + n / 99, 2, 3) for n, p in enumerate(PAYLOADS)),
        PAYLOADS,
    )

"""The arms of a curve: every way to use a number of labels that is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from promptbench.curve.option import CurveOptions
from promptbench.tune.recipe import Recipe

Kind = Literal["prompt", "tune"]

# A prompt learns from few examples; a training from many. Doubling shows where a curve bends.
SHOTS, QUICK_SHOTS = (1, 2, 4, 8), (3,)
FIRST_SIZE, QUICK_STEP = 8, 4
SEEDS, QUICK_SEEDS = 3, 2

# A training on few cases goes over them more often, so that it has this many steps at least.
LEAST_STEPS, QUICK_STEPS = 24, 16
MOST_EPOCHS = 8


@dataclass(frozen=True, slots=True)
class Arm:
    """A way to use `labels` answers: as examples in a prompt, or to train on.

    Arms that differ in nothing but their seed have the same `group`. `name` is the candidate's.
    """

    kind: Kind
    group: str
    labels: int
    prompt: str
    seed: int = 0
    shots: int = 0
    epochs: int = 0
    seeded: bool = False

    @property
    def name(self) -> str:
        """The candidate's name in the run."""
        return f"{self.group} s{self.seed}" if self.seeded else self.group


def prompt_arms(
    plain: Sequence[str], shown: Sequence[str], options: CurveOptions, labels: int
) -> list[Arm]:
    """Prompts as they are, and those that show examples with more and more of them."""
    arms = [Arm("prompt", name, 0, name) for name in plain]
    wished = options.shots or (QUICK_SHOTS if options.quick else SHOTS)
    seeds = seeds_of(options)
    for name in shown:
        for count in sorted({shots for shots in wished if shots <= labels}):
            arms += [
                Arm("prompt", f"{name} {count}-shot", count, name, seed, count, seeded=seeds > 1)
                for seed in range(seeds)
            ]
    return arms


def tune_arms(prompt: str, options: CurveOptions, labels: int, recipe: Recipe) -> list[Arm]:
    """Trainings on more and more cases, each with several seeds."""
    seeds = seeds_of(options)
    return [
        Arm(
            "tune",
            f"tuned n{size}",
            size,
            prompt,
            seed,
            epochs=options.wish.epochs or epochs_for(size, recipe, options.quick),
            seeded=seeds > 1,
        )
        for size in sizes_of(options, labels)
        for seed in range(seeds)
    ]


def other_prompt(trainings: Sequence[Arm], prompt: str) -> list[Arm]:
    """The trainings on all cases once more, on another prompt: does a fine-tune profit from it?"""
    most = max(arm.labels for arm in trainings)
    return [
        replace(arm, group=f"{arm.group} {prompt}", prompt=prompt)
        for arm in trainings
        if arm.labels == most and arm.prompt != prompt
    ]


def sizes_of(options: CurveOptions, labels: int) -> list[int]:
    """How many cases are trained on: doubled from 8 (quick: times four), and all that there are."""
    if options.sizes:
        return sorted({min(size, labels) for size in options.sizes})
    step = QUICK_STEP if options.quick else 2
    sizes, size = [], FIRST_SIZE
    while size < labels:
        sizes.append(size)
        size *= step
    # The last doubling is left out if all the cases are hardly more.
    if len(sizes) > 1 and labels <= 1.25 * sizes[-1]:
        sizes.pop()
    return [*sizes, labels]


def seeds_of(options: CurveOptions) -> int:
    """How many seeds each arm has that depends on chance."""
    return options.seeds or (QUICK_SEEDS if options.quick else SEEDS)


def epochs_for(size: int, recipe: Recipe, quick: bool = False) -> int:
    """The recipe's epochs, or as many as make LEAST_STEPS steps, but then MOST_EPOCHS at most.

    Quick, a language model goes over the cases only as often as the steps ask for.
    """
    steps = QUICK_STEPS if quick else LEAST_STEPS
    least = 1 if quick and recipe.method != "head" else recipe.epochs
    return max(least, min(MOST_EPOCHS, -(-steps * recipe.batch // size)))

"""Train the arms of a curve: one after another here, or side by side in a cluster's workers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from promptbench.curve.arm import Arm
from promptbench.curve.option import CurveOptions
from promptbench.error import PromptbenchError
from promptbench.model.cluster.crew import crew_for
from promptbench.model.cluster.settings import Cluster
from promptbench.model.cluster.worker import Trouble, trouble
from promptbench.run.job import Watcher
from promptbench.suite.read import read_suite
from promptbench.suite.stated import Suite
from promptbench.tune.finetune import Tuned, finetune_on
from promptbench.tune.material import gather
from promptbench.tune.option import TuneOptions
from promptbench.tune.watch import Silent
from promptbench.tune.watch import Watcher as TuneWatcher


class Watchers(Protocol):
    """Makes what follows a run, and what follows a training."""

    def note(self, message: str) -> None:
        """A long step begins."""
        ...

    def run(self) -> Watcher:
        """Follow one run."""
        ...

    def training(self) -> TuneWatcher:
        """Follow one training."""
        ...


@dataclass(frozen=True, slots=True)
class Errand:
    """A training that a worker does: the suite's file, which it must see, and what to train."""

    path: Path
    options: CurveOptions
    arm: Arm


def train_all(
    suite: Suite, options: CurveOptions, arms: Sequence[Arm], watchers: Watchers
) -> dict[str, Tuned]:
    """Train all arms, or find that they were trained; by name. Raises what `finetune_on` does."""
    if options.cluster:
        return side_by_side(suite, options, options.cluster, arms, watchers)
    tuned = {}
    for number, arm in enumerate(arms, 1):
        watchers.note(f"Training {number} of {len(arms)}: {arm.name} ...")
        tuned[arm.name] = train(suite, options, arm, watchers.training())
    return tuned


def train(suite: Suite, options: CurveOptions, arm: Arm, watcher: TuneWatcher) -> Tuned:
    """Train an arm, or find that it was trained."""
    stop_on = "none" if options.quick else options.wish.stop_on
    wish = replace(options.wish, seed=arm.seed, epochs=arm.epochs, stop_on=stop_on)
    wanted = TuneOptions(
        prompt=arm.prompt,
        model=options.model,
        limit=arm.labels,
        wish=wish,
        max_memory=options.max_memory,
        device=options.device,
        allow_leaks=options.allow_leaks,
    )
    material = gather(suite, wanted, watcher.note)
    name = f"{suite.name}-{arm.group.replace(' ', '-')}-s{arm.seed}-{material.digest[:6]}"
    return finetune_on(material, replace(wanted, name=name), watcher)


def side_by_side(
    suite: Suite,
    options: CurveOptions,
    cluster: Cluster,
    arms: Sequence[Arm],
    watchers: Watchers,
) -> dict[str, Tuned]:
    """Train as many arms at once as there are workers. A lost one goes on from its last step."""
    crew = crew_for(cluster)
    watchers.note(f"Training {len(arms)} arms, {min(crew.size, len(arms))} at once ...")
    errands = [Errand(suite.path, replace(options, cluster=None), arm) for arm in arms]
    tuned: dict[str, Tuned] = {}
    started = time.monotonic()
    for errand, found in crew.each(train_there, errands):
        if isinstance(found, Trouble):
            raise found.error()
        tuned[errand.arm.name] = found
        left = (time.monotonic() - started) / len(tuned) * (len(arms) - len(tuned))
        estimate = f", about {left / 60:.0f} min left" if left >= 60 else ""
        watchers.note(f"Trained {len(tuned)} of {len(arms)}: {errand.arm.name}{estimate}")
    return {arm.name: tuned[arm.name] for arm in arms}


def train_there(errand: Errand) -> Tuned | Trouble:
    """What a worker does: read the suite anew and train; an error comes back in parts."""
    try:
        return train(read_suite(errand.path), errand.options, errand.arm, Silent())
    except PromptbenchError as error:
        return trouble(error)

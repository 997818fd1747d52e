"""What a checkpoint scores on the dev split: the suite's own metric as the watched value."""

from __future__ import annotations

from pathlib import Path

from promptbench.error import RunError
from promptbench.record import Direction
from promptbench.run.execute import scores
from promptbench.run.option import Options
from promptbench.run.plan import make_plan
from promptbench.suite.read import Suite


def dev_score(suite: Suite, prompt: str, folder: Path) -> float:
    """The mean of the suite's primary metric over the dev split, written by the checkpoint.

    Nothing of it is stored. Raises RunError if no output could be scored.
    """
    options = Options(split="dev", prompts=(prompt,), models=(str(folder),), repeats=1)
    plan = make_plan(suite, options)
    metric = next(one for one in plan.metrics if one.info.name == plan.primary)
    cases = {slot.key: plan.cases[slot.case] for slot in plan.slots}
    requests = [plan.request(slot) for slot in plan.slots]
    done = [one for batch in plan.ready[0].model.stream(requests) for one in batch]
    found = scores(metric, [(one, cases[one.key]) for one in done if not one.error])
    values = [score.value for score in found if score.value is not None]
    if not values:
        raise RunError(f"no dev output has a score for {plan.primary}: nothing can be watched")
    return sum(values) / len(values)


def direction(suite: Suite) -> Direction:
    """Which direction of the suite's primary metric is better."""
    plan = make_plan(suite, Options(split="dev", limit=1, prompts=(suite.prompts[0].name,)))
    return next(one.info.direction for one in plan.metrics if one.info.name == plan.primary)

"""What a checkpoint scores on the dev split: the suite's own metric as the watched value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from promptbench.error import RunError, SuiteError
from promptbench.metric.protocol import Metric
from promptbench.model.protocol import quiet
from promptbench.record import Score
from promptbench.run.execute import begin, generate, score, scores
from promptbench.run.measure import metrics_of
from promptbench.run.option import Options
from promptbench.run.plan import Plan, make_plan, primary_metric
from promptbench.store.database import Store
from promptbench.suite.stated import Suite


def dev_score(suite: Suite, prompt: str, folder: Path, *, head: bool) -> float:
    """The mean of the suite's primary metric over the dev split, answered by the checkpoint.

    It answers in the suite's first way, a classification head in the first that is a choice.
    Nothing of it is stored. Raises RunError if no output could be scored.
    """
    options = Options(split="dev", prompts=(prompt,), models=(str(folder),), repeats=1)
    ways = {n: s for n, s in suite.samplings.items() if s.choice is not None or not head}
    plan = make_plan(replace(suite, samplings=dict(list(ways.items())[:1])), options)
    metric = next(one for one in plan.metrics if one.info.name == plan.primary)
    answer = talked if suite.chat else answered
    values = [score.value for score in answer(plan, metric) if score.value is not None]
    if not values:
        raise RunError(f"no dev output has a score for {plan.primary}: nothing can be watched")
    return sum(values) / len(values)


def answered(plan: Plan, metric: Metric) -> Sequence[Score]:
    """The scores of a plan's answers."""
    cases = {slot.key: plan.cases[slot.case] for slot in plan.slots}
    requests = [plan.request(slot) for slot in plan.slots]
    model = plan.ready[0].model
    done = [one for batch in model.stream(requests) for one in batch]
    model.release()
    return scores(metric, [(one, cases[one.key]) for one in done if not one.error])


def talked(plan: Plan, metric: Metric) -> Sequence[Score]:
    """The scores of a chat's checked turns: it is run as any other, in a store of its own."""
    with TemporaryDirectory() as place:
        store = Store(Path(place) / "store.sqlite")
        try:
            work = begin(plan, store)
            for _ in generate(plan, store, work):
                pass
            score(replace(plan, metrics=(metric,)), store, work.run_id)
            return [found for _, found in store.scores(work.run_id)]
        finally:
            store.close()


def higher_is_better(suite: Suite) -> bool:
    """Whether more of the suite's primary metric is better.

    Raises SuiteError for a metric of which neither more nor less is better.
    """
    metrics = metrics_of(suite, quiet)
    primary = primary_metric(suite, metrics)
    direction = next(one.info.direction for one in metrics if one.info.name == primary)
    if direction == "none":
        raise SuiteError(
            f"of '{primary}' neither more nor less is better: it cannot say when to stop",
            where=suite.primary_where or suite.shown,
            hint="Name another primary metric, or watch the loss (--stop-on loss).",
        )
    return direction == "higher"

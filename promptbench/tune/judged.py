"""What a checkpoint scores on the dev split: the suite's own metric as the watched value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from promptbench.error import RunError, SuiteError
from promptbench.model.protocol import quiet
from promptbench.record import MetricInfo, Sampling
from promptbench.report.grid import lay_out
from promptbench.report.summary import estimate_of
from promptbench.run.execute import begin, generate, score
from promptbench.run.measure import metrics_of
from promptbench.run.option import Options
from promptbench.run.plan import Plan, make_plan, primary_metric
from promptbench.store.database import Store
from promptbench.suite.stated import Suite


def dev_score(suite: Suite, prompt: str, folder: Path, *, head: bool) -> float:
    """What a run would report of the suite's primary metric on the dev split for the checkpoint.

    It answers in the suite's first way, a classification head in the first that is a choice. The
    run has a store of its own, of which nothing stays. Raises RunError if no output could be
    scored.
    """
    options = Options(split="dev", prompts=(prompt,), models=(str(folder),), repeats=1)
    plan = make_plan(replace(suite, samplings=first_way(suite, head=head)), options)
    (metric,) = (one for one in plan.metrics if one.info.name == plan.primary)
    plan = replace(plan, metrics=(metric,))
    found = figure(plan, metric.info)
    if found is None:
        raise RunError(f"no dev output has a score for {plan.primary}: nothing can be watched")
    return found


def first_way(suite: Suite, *, head: bool) -> dict[str, Sampling]:
    """The suite's first way to answer, for a classification head the first that is a choice."""
    ways = {n: s for n, s in suite.samplings.items() if s.choice is not None or not head}
    return dict(list(ways.items())[:1])


def figure(plan: Plan, metric: MetricInfo) -> float | None:
    """Carry a plan of one candidate out and give its figure, None where nothing is scored."""
    with TemporaryDirectory() as place:
        store = Store(Path(place) / "store.sqlite")
        try:
            work = begin(plan, store)
            for _ in generate(plan, store, work):
                pass
            score(plan, store, work.run_id)
            run = store.run(work.run_id)
            grid = lay_out(run, plan.cases, store.samples(work.run_id)).by_id()
            found = estimate_of(run.candidates[0].name, metric, grid)
            return found.mean if found else None
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

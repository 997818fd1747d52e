"""Make a suite's metrics: those of this package and others, and functions of the user's own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from promptbench.error import ModelError, SuiteError
from promptbench.metric.embedder import Embedder, OpenEmbedder
from promptbench.metric.own import load_function
from promptbench.metric.own_text import read_function
from promptbench.metric.protocol import Metric
from promptbench.metric.registry import build_metrics, needs_embedder
from promptbench.model.embedder import embedder_there, open_embedder
from promptbench.model.protocol import Notify
from promptbench.record import MetricSpec
from promptbench.suite.location import inside
from promptbench.suite.stated import Suite

OWN = ".py:"  # my_metrics.py:politeness


def metrics_of(suite: Suite, notify: Notify, looking: bool = False) -> tuple[Metric, ...]:
    """The suite's metrics in order, each under a name of its own.

    If only `looking`, the suite's own code is read and not run: such a metric scores nothing.
    Raises SuiteError for a metric that cannot be made, ModelError if one needs the embedded
    sentence encoder and that is not installed.
    """

    @cache
    def embedder() -> Embedder:
        return open_embedder(notify)

    found: dict[str, Metric] = {}
    for spec in suite.metrics:
        if needs_embedder(spec.name) and not embedder_there():
            raise ModelError(
                f"metric '{spec.name}' needs the sentence encoder minilm, which is not installed",
                where=spec.where,
                hint="Run `promptbench models pull minilm` once.",
            )
        own = OWN in spec.name
        metric = own_metric(suite, spec, looking) if own else built(suite, spec, embedder)
        if metric.info.name in found:
            what = f"two metrics are named {metric.info.name!r}"
            raise SuiteError(what, where=spec.where, hint="Add `name:` to one of them.")
        found[metric.info.name] = metric
    return tuple(found.values())


def built(suite: Suite, spec: MetricSpec, embedder: OpenEmbedder) -> Metric:
    """A metric of the registry."""
    (metric,) = build_metrics([spec], suite.labels, embedder)
    return metric


def own_metric(suite: Suite, spec: MetricSpec, looking: bool) -> Metric:
    """A function of the user's own, in a file of the workspace."""
    name, _, function = spec.name.rpartition(":")
    unknown = sorted(set(spec.settings) - {"name"})
    if unknown:
        hint = "A function of your own has its settings in itself; here only `name:` is allowed."
        raise SuiteError(f"unknown setting '{unknown[0]}'", where=spec.where, hint=hint)
    path = inside(suite.workspace, suite.path.parent, name, spec.where)
    if not path.is_file():
        looked = f"Looked for {path}."
        raise SuiteError(f"no such file '{name}'", where=spec.where, hint=looked)
    alias = str(spec.settings.get("name", ""))
    open_function = read_function if looking else load_function
    return open_function(Path(path), function, alias=alias, where=spec.where)

"""The metrics by name: what a suite asks for in, metrics out; and the schema of what it may ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import ValidationError

from promptbench.error import InputError, SuiteError, choices
from promptbench.metric.catalog import METRICS
from promptbench.metric.embedder import OpenEmbedder
from promptbench.metric.label import refuse_alike
from promptbench.metric.protocol import Metric, MetricType
from promptbench.metric.setting import read_settings
from promptbench.record import Labels, MetricSpec
from promptbench.suite.explain import show

# Other people's packages add to these under this group of entry points: name = module:METRIC_TYPE.
GROUP = "promptbench.metrics"


def build_metrics(
    specs: Sequence[MetricSpec],
    labels: Labels | None = None,
    embedder: OpenEmbedder | None = None,
) -> tuple[Metric, ...]:
    """The metrics asked for, in order; `labels` are those of the suite.

    `embedder` opens the model of the metrics that need one, when they score. Raises SuiteError on
    a name that is unknown or used twice, on a wrong setting, and on a metric of labels or of an
    embedder where there are none; InputError when a metric of another package cannot be loaded.
    """
    metrics: dict[str, Metric] = {}
    for spec in specs:
        metric = _build(spec, labels, embedder)
        name = metric.info.name
        if name in metrics:
            what, hint = f"two metrics are named {name!r}", "Add `name:` to one of them."
            raise SuiteError(what, where=spec.where, hint=hint)
        metrics[name] = metric
    return tuple(metrics.values())


def settings_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a suite's list of metrics.

    An item is a name, or one name with its settings (`null` for none). Metrics that cannot do
    without a setting are not allowed as bare names.
    """
    types = METRICS | {point.name: _load(point) for point in _foreign().values()}
    bare = {name for name, kind in types.items() if _needs_nothing(kind)}
    schemas = {name: kind.settings.model_json_schema() for name, kind in types.items()}
    optional = {name: {"anyOf": [schemas[name], {"type": "null"}]} for name in bare}
    one_of_them = {
        "type": "object",
        "properties": schemas | optional,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"type": "array", "items": {"anyOf": [{"enum": sorted(bare)}, one_of_them]}}


def needs_embedder(name: str) -> bool:
    """Whether the metric of that name in this package needs an embedder."""
    return name in METRICS and METRICS[name].needs == "embedder"


def releases_of(names: Iterable[str]) -> dict[str, str]:
    """The packages, with their versions, that the metrics of other packages come from."""
    points = _foreign()
    dists = {name: points[name].dist for name in names if name in points}
    return {name: f"{dist.name} {dist.version}" for name, dist in dists.items() if dist}


def _build(spec: MetricSpec, labels: Labels | None, embedder: OpenEmbedder | None = None) -> Metric:
    """One metric, from this package or another."""
    kind = METRICS.get(spec.name) or _foreign_type(spec)
    settings = read_settings(spec, kind.settings)
    if kind.needs == "embedder":
        if embedder is None:
            raise SuiteError(f"metric {spec.name!r} needs an embedder", where=spec.where)
        return kind.build(settings, embedder)
    if not kind.labelled:
        return kind.build(settings)
    if labels is None:
        what = f"metric {spec.name!r} judges labels, and the suite has none"
        raise SuiteError(what, where=spec.where, hint="Add `task: classify` and `labels:`.")
    refuse_alike(labels, spec.where)
    return kind.build(settings, labels)


def _foreign() -> dict[str, EntryPoint]:
    """The metrics of other packages, not yet loaded. None can take over a name of this one."""
    return {one.name: one for one in entry_points(group=GROUP) if one.name not in METRICS}


def _foreign_type(spec: MetricSpec) -> MetricType:
    """The metric of that name in another package."""
    found = entry_points(group=GROUP, name=spec.name)
    if not found:
        hint = choices(spec.name, [*METRICS, *_foreign()])
        raise SuiteError(f"unknown metric {show(spec.name)}", where=spec.where, hint=hint)
    if len(found) > 1:
        places = ", ".join(sorted(point.value for point in found))
        raise InputError(f"several packages offer a metric {spec.name!r}: {places}")
    return _load(found[spec.name])


def _load(point: EntryPoint) -> MetricType:
    """Import a metric of another package."""
    what = f"the metric {point.name!r} of another package ({point.value})"
    try:
        loaded = point.load()
    except (ImportError, AttributeError) as error:
        raise InputError(f"{what} cannot be loaded: {error}") from error
    if not isinstance(loaded, MetricType):
        raise InputError(f"{what} is no MetricType but a {type(loaded).__name__}")
    return loaded


def _needs_nothing(kind: MetricType) -> bool:
    """Whether a metric can be built without any settings."""
    try:
        kind.settings()
    except ValidationError:
        return False
    return True

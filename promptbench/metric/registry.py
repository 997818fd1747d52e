"""The metrics by name: what a suite asks for in, metrics out; and the schema of what it may ask."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import ValidationError

from promptbench.error import InputError, SuiteError, choices
from promptbench.metric.length import (
    LengthSettings,
    SentencesSettings,
    build_characters,
    build_sentences,
    build_words,
)
from promptbench.metric.match import (
    ContainsSettings,
    ExactSettings,
    RegexSettings,
    build_contains,
    build_exact,
    build_regex,
)
from promptbench.metric.protocol import Metric, MetricType
from promptbench.metric.rouge import RougeLsumSettings, RougeSettings, build_rouge
from promptbench.metric.setting import read_settings
from promptbench.record import MetricSpec

METRICS: dict[str, MetricType] = {
    "characters": MetricType(LengthSettings, build_characters),
    "contains": MetricType(ContainsSettings, build_contains),
    "exact": MetricType(ExactSettings, build_exact),
    "regex": MetricType(RegexSettings, build_regex),
    "rouge1": MetricType(RougeSettings, partial(build_rouge, "rouge1")),
    "rouge2": MetricType(RougeSettings, partial(build_rouge, "rouge2")),
    "rougeL": MetricType(RougeSettings, partial(build_rouge, "rougeL")),
    "rougeLsum": MetricType(RougeLsumSettings, partial(build_rouge, "rougeLsum")),
    "sentences": MetricType(SentencesSettings, build_sentences),
    "words": MetricType(LengthSettings, build_words),
}
# Other people's packages add to these under this group of entry points: name = module:METRIC_TYPE.
GROUP = "promptbench.metrics"


def build_metrics(specs: Sequence[MetricSpec]) -> tuple[Metric, ...]:
    """The metrics asked for, in order.

    Raises SuiteError on a name that is unknown or used twice, and on a wrong setting; InputError
    when a metric of another package cannot be loaded.
    """
    metrics: dict[str, Metric] = {}
    for spec in specs:
        metric = _build(spec)
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


def _build(spec: MetricSpec) -> Metric:
    """One metric, from this package or another."""
    kind = METRICS.get(spec.name) or _foreign_type(spec)
    return kind.build(read_settings(spec, kind.settings))


def _foreign() -> dict[str, EntryPoint]:
    """The metrics of other packages, not yet loaded. None can take over a name of this one."""
    return {one.name: one for one in entry_points(group=GROUP) if one.name not in METRICS}


def _foreign_type(spec: MetricSpec) -> MetricType:
    """The metric of that name in another package."""
    found = entry_points(group=GROUP, name=spec.name)
    if not found:
        hint = choices(spec.name, [*METRICS, *_foreign()])
        raise SuiteError(f"unknown metric {spec.name!r}", where=spec.where, hint=hint)
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

"""Short ways to ask for a metric and a case, for the tests beside this file."""

from promptbench.metric.protocol import Metric
from promptbench.metric.registry import build_metrics
from promptbench.record import Case, Completion, MetricSpec


def metric(kind: str, **settings: object) -> Metric:
    return build_metrics([MetricSpec(kind, settings, "suite.yaml:7")])[0]


def case(*references: str) -> Case:
    return Case("one", {}, references)


def output(text: str) -> Completion:
    return Completion("key", text, 3, 5, "stop", 0.5)


def score(asked: Metric, text: str, *references: str) -> float:
    found = asked.score(output(text), case(*references))
    assert found.value is not None, found.reason
    assert (found.metric, found.reason) == (asked.info.name, "")
    return found.value


def unscored(asked: Metric, text: str, *references: str) -> str:
    found = asked.score(output(text), case(*references))
    assert found.value is None
    assert found.metric == asked.info.name
    return found.reason

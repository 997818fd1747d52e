"""Row 12: a leading space that makes every exact match 0, by a rule that nobody can see."""

from __future__ import annotations

import pytest

from promptbench.metric.protocol import Metric
from promptbench.metric.registry import build_metrics
from promptbench.record import Case, Completion, MetricSpec


def metric(**settings: bool) -> Metric:
    return build_metrics([MetricSpec("exact", settings)])[0]


def exact(text: str, **settings: bool) -> float | None:
    done = Completion("k", text, 1, 1, "stop", 0.1)
    return metric(**settings).score(done, Case("c", {}, ("Paris",))).value


def test_outer_white_space_is_no_difference_unless_the_suite_says_so():
    assert exact(" Paris\n") == 1.0
    assert exact(" Paris\n", strip=False) == 0.0
    assert exact("paris") == 0.0


@pytest.mark.parametrize(
    ("settings", "told"),
    [({}, "outer space ignored, case counts"), ({"strip": False}, "outer space counts")],
)
def test_the_rule_stands_in_the_metrics_label(settings: dict[str, bool], told: str):
    assert told in metric(**settings).info.label

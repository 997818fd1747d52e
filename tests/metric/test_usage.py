"""Time, tokens, money and confidence: read off the completion."""

import dataclasses
import math

import pytest

from promptbench.error import SuiteError

from .ask import case, metric, output

DONE = dataclasses.replace(
    output("a b"), prompt_tokens=1000, output_tokens=50, seconds=2.0, logprobs=(-0.5, -1.5)
)


@pytest.mark.parametrize(
    ("kind", "settings", "value", "direction"),
    [
        ("latency", {}, 2.0, "lower"),
        ("tokens_per_second", {}, 25.0, "higher"),
        ("output_tokens", {}, 50.0, "lower"),
        ("cost", {"input": 3, "output": 15.0}, 0.00375, "lower"),
        ("confidence", {}, -1.0, "higher"),
    ],
)
def test_readings(kind, settings, value, direction):
    asked = metric(kind, **settings)
    assert asked.score(DONE, case()).value == pytest.approx(value)
    assert asked.info.direction == direction
    assert not asked.needs_references


@pytest.mark.parametrize("change", [{"seconds": 0.0}, {"output_tokens": 0}])
def test_a_rate_needs_both(change):
    found = metric("tokens_per_second").score(dataclasses.replace(DONE, **change), case())
    assert found.value is None and found.reason.startswith("no tokens were written")


def test_confidence_needs_log_probabilities():
    found = metric("confidence").score(output("a"), case())
    assert found.value is None and "`logprobs: true`" in found.reason
    info = metric("confidence").info
    assert (info.low, info.high) == (None, 0.0)


def test_a_price_list_is_checked():
    assert metric("cost", input=0, output=1, currency="EUR").info.label == "EUR an output"
    for wrong in ({}, {"input": -1, "output": 1}, {"input": math.inf, "output": 1},
                  {"input": 1, "output": 1, "currency": "US $"}):  # fmt: skip
        with pytest.raises(SuiteError, match="metric 'cost'"):
            metric("cost", **wrong)

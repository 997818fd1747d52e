"""Short ways to make gates and what they are judged on."""

from __future__ import annotations

from typing import Any

from promptbench.gate.judge import Lead, Measured
from promptbench.gate.rule import Gate, read_gates
from promptbench.record import Judgement, MetricInfo
from promptbench.suite.schema import GateEntry
from promptbench.suite.stated import GateSpec

METRICS = (
    MetricInfo("rougeL", "ROUGE-L", "higher"),
    MetricInfo("invented_facts", "Invented facts", "lower", high=None),
    MetricInfo("style", "Style", "none"),
    MetricInfo("mean rank", "Mean rank", "higher", high=None),
)
NAMES = ("plain", "executive", "plain · smollm2")


def spec(*words: str, line: int = 7, **parts: Any) -> GateSpec:
    entry = GateEntry(rule=words[0]) if words else GateEntry(**parts)
    return GateSpec(entry, f"suites/email.yaml:{line}")


def gate(*words: str, **parts: Any) -> Gate:
    return read_gates([spec(*words, **parts)], METRICS, "rougeL", NAMES)[0]


def measured(
    mean: float | None, low: float, high: float, name: str = "plain", scored: int = 40
) -> Measured:
    return Measured(name, mean, low, high, scored, 40)


def lead(mean: float, low: float, high: float, paired: int = 40) -> Lead:
    return Lead("plain", "email-1a2b3c4d:plain", mean, low, high, paired, 40)


def judgement(**parts: Any) -> Judgement:
    wanted: dict[str, Any] = {
        "gate": "rougeL >= 0.25",
        "line": 7,
        "verdict": "passed",
        "metric": "rougeL",
        "candidate": "plain",
        "figure": "plain 0.312 (0.281 to 0.344)",
        "mean": 0.312,
    }
    return Judgement(**wanted | parts)

"""Turn a suite's gates, in words or as mappings, into checked rules."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from promptbench.error import SuiteError, choices
from promptbench.record import MetricInfo
from promptbench.suite.schema import GateEntry
from promptbench.suite.stated import GateSpec

Test = Literal["at_least", "at_most", "not_worse"]

BEST, ALL = "best", "all"
LATEST = "latest"
SIGNS: Mapping[str, Test] = {">=": "at_least", "<=": "at_most"}

WHOM = r"(?: for (?P<candidate>.+))?"
BOUND = re.compile(rf"(?P<mean>mean )?(?P<metric>[^<>=]+?) ?(?P<sign>[<>]=) ?(?P<bound>\S+){WHOM}")
LOSS = re.compile(
    rf"(?:(?P<metric>.+) )?not worse than (?P<run>\S+)(?: by more than (?P<bound>\S+))?{WHOM}"
)
NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?")
FORMS = (
    "Write `rougeL >= 0.25`, `mean words <= 0.9 for all` or"
    " `not worse than latest by more than 0.02`."
)


@dataclass(frozen=True, slots=True)
class Gate:
    """A claim that a run must bear out; `text` says it as the suite does, on its `line`.

    `bound` is in the metric's unit: the least or the most there may be, or for `not_worse` how much
    worse than the run `baseline` is none. `on_mean` takes the mean for it and not the end of its
    95% interval. `candidate` is BEST, ALL or a name.
    """

    text: str
    line: int
    metric: str
    test: Test
    bound: float
    on_mean: bool = False
    candidate: str = BEST
    baseline: str = ""


def read_gates(
    specs: Sequence[GateSpec],
    metrics: Sequence[MetricInfo],
    primary: str,
    candidates: Collection[str] | None = None,
) -> tuple[Gate, ...]:
    """The gates of a suite. `candidates` are all that there are; None where some are left out.

    Raises SuiteError on words that are no gate, on what the suite does not have, on a bound that
    the metric cannot have, and on a gate that is there twice.
    """
    known = {metric.name: metric for metric in metrics}
    gates: dict[Gate, None] = {}
    for spec in specs:
        gate = _gate(spec, known, primary)
        _check(gate, known, spec.where)
        if candidates is not None and gate.candidate not in (BEST, ALL, *candidates):
            what = f"gate '{gate.text}': there is no candidate '{gate.candidate}'"
            hint = choices(gate.candidate, (BEST, ALL, *candidates))
            raise SuiteError(what, where=spec.where, hint=hint)
        if gate in (replace(other, line=gate.line) for other in gates):
            hint = "Keep one of them."
            raise SuiteError(f"gate '{gate.text}' is there twice", where=spec.where, hint=hint)
        gates[gate] = None
    return tuple(gates)


def said(entry: GateEntry) -> str:
    """A gate in words: as they were written, or made from its mapping."""
    if entry.rule is not None:
        return " ".join(entry.rule.split())
    metric = f"{entry.metric} " if entry.metric else ""
    whom = f" for {entry.candidate}" if entry.candidate not in (None, BEST) else ""
    if entry.not_worse_than is not None:
        loss = f" by more than {entry.by:g}" if entry.by else ""
        return f"{metric}not worse than {entry.not_worse_than}{loss}{whom}"
    mean = "mean " if entry.on == "mean" else ""
    bounds = ((">=", entry.at_least), ("<=", entry.at_most))
    stated = [f"{sign} {bound:g}" for sign, bound in bounds if bound is not None]
    return f"{mean}{metric}{' and '.join(stated)}{whom}"


def line_of(spec: GateSpec) -> int:
    """The line of the suite file on which a gate stands."""
    return int(spec.where.rpartition(":")[2])


def _gate(spec: GateSpec, known: Mapping[str, MetricInfo], primary: str) -> Gate:
    """A gate, its metric and numbers not yet checked against each other."""
    if spec.entry.rule is not None:
        return _from_words(spec, known, primary)
    entry = spec.entry
    stated = [entry.at_least, entry.at_most, entry.not_worse_than]
    if sum(each is not None for each in stated) != 1:
        what = "a gate has one of at_least, at_most and not_worse_than"
        raise SuiteError(what, where=spec.where, hint="Two bounds are two gates.")
    losing = entry.not_worse_than is not None
    if (entry.by is not None) > losing or (entry.on is not None and losing):
        what = "`by` goes with not_worse_than" if not losing else "not_worse_than takes no `on`"
        hint = "Take it away: a comparison is always judged on the interval of the difference."
        raise SuiteError(what, where=spec.where, hint=hint if losing else "Take it away.")
    bound = entry.at_least if entry.at_least is not None else entry.at_most
    test: Test = "at_least" if entry.at_least is not None else "at_most"
    return Gate(
        text=said(entry),
        line=line_of(spec),
        metric=entry.metric or primary,
        test="not_worse" if losing else test,
        bound=(entry.by or 0.0) if bound is None else bound,
        on_mean=entry.on == "mean",
        candidate=entry.candidate or BEST,
        baseline=entry.not_worse_than or "",
    )


def _from_words(spec: GateSpec, known: Mapping[str, MetricInfo], primary: str) -> Gate:
    """A gate from a line such as `rougeL >= 0.25 for executive`."""
    text = said(spec.entry)
    others = spec.entry.model_dump(exclude={"rule"}, exclude_none=True)
    if others:
        what = f"gate '{text}' has both words and {', '.join(others)}"
        raise SuiteError(what, where=spec.where, hint="Keep one of the two forms.")
    found = LOSS.fullmatch(text) or BOUND.fullmatch(text)
    if found is None:
        raise SuiteError(f"'{text}' is no gate", where=spec.where, hint=FORMS)
    parts = found.groupdict()
    metric, mean = parts["metric"] or primary, bool(parts.get("mean"))
    if mean and f"mean {metric}" in known:
        metric, mean = f"mean {metric}", False
    return Gate(
        text=text,
        line=line_of(spec),
        metric=metric,
        test=SIGNS[parts["sign"]] if "sign" in parts else "not_worse",
        bound=_number(parts["bound"] or "0", text, spec.where),
        on_mean=mean,
        candidate=parts["candidate"] or BEST,
        baseline=parts.get("run") or "",
    )


def _number(found: str, text: str, where: str) -> float:
    if not NUMBER.fullmatch(found):
        raise SuiteError(f"gate '{text}': '{found}' is no number", where=where, hint=FORMS)
    return float(found)


def _check(gate: Gate, known: Mapping[str, MetricInfo], where: str) -> None:
    """See that the metric is there, and that the bound tells something of it."""
    if gate.metric not in known:
        what = f"gate '{gate.text}': the suite has no metric '{gate.metric}'"
        raise SuiteError(what, where=where, hint=choices(gate.metric, known))
    metric = known[gate.metric]
    low = -math.inf if metric.low is None else metric.low
    high = math.inf if metric.high is None else metric.high
    if gate.test == "not_worse":
        if metric.direction == "none":
            what = f"gate '{gate.text}': {metric.name} does not say which direction is better"
            raise SuiteError(what, where=where, hint="Take at_least or at_most.")
        low, high = 0.0, high - low
    if not low <= gate.bound <= high:
        limit = "can differ by" if gate.test == "not_worse" else "can be"
        what = f"gate '{gate.text}': {gate.bound:g} is beyond what {metric.name} {limit}"
        hint = f"Allowed: {low:g} to {high:g}." if high < math.inf else f"Allowed: from {low:g} on."
        raise SuiteError(what, where=where, hint=hint)

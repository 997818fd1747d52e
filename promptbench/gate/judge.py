"""Judge a gate: the rule and the figures of its candidates in, a Judgement out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from promptbench.gate.rule import ALL, Gate
from promptbench.record import GateVerdict, Judgement

# Rounding must not decide.
HAIR = 1e-12


@dataclass(frozen=True, slots=True)
class Measured:
    """A candidate's figure on a metric with its 95% interval; `mean` is None without a score.

    `low` and `high` are nan where one case or one cluster tells no interval. It is over `scored`
    of `cases`.
    """

    candidate: str
    mean: float | None
    low: float
    high: float
    scored: int
    cases: int


@dataclass(frozen=True, slots=True)
class Lead:
    """How far a candidate is ahead of `baseline`, in the direction that is better (minus: behind).

    It is paired over `paired` of the candidate's `cases`; the interval is as in Measured. Of `lost`
    cases only the baseline has a score, and `floor` is the mean if the candidate had the worst that
    there is for these; None where none is lost, or nothing bounds the metric.
    """

    candidate: str
    baseline: str
    mean: float
    low: float
    high: float
    paired: int
    cases: int
    lost: int = 0
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """There is no figure, and `because` says why."""

    candidate: str
    because: str


Evidence = Measured | Lead | Unknown

ORDER: tuple[GateVerdict, ...] = ("failed", "undecided", "passed")


def judge(gate: Gate, evidence: Sequence[Evidence]) -> Judgement:
    """What becomes of a gate. Of several candidates the first that fails decides.

    A gate fails where the figures do not bear it out, also where no output has a score. It is
    undecided where there is nothing to judge: no such candidate or run, or no interval.
    """
    found = [_one(gate, each) for each in evidence]
    if not found:
        return _judgement(gate, "undecided", Unknown("", "nothing is ranked, so none is best"))
    first = min(found, key=lambda each: ORDER.index(each.verdict))
    failing = [each.candidate for each in found if each.verdict == first.verdict]
    if gate.candidate != ALL or first.verdict == "passed" or len(failing) == 1:
        return first
    return replace(first, reason=f"{first.reason}; likewise {', '.join(failing[1:])}")


def shown(value: float) -> str:
    """A figure with as many decimals as it deserves."""
    size = abs(value)
    return f"{value:.{3 if size < 10 else 1 if size < 1000 else 0}f}"


def _one(gate: Gate, evidence: Evidence) -> Judgement:
    if isinstance(evidence, Unknown):
        return _judgement(gate, "undecided", evidence, evidence.because)
    if evidence.mean is None:
        return _judgement(gate, "failed", evidence, "no output has a score")
    if gate.on_mean:
        return _against(gate, evidence, evidence.mean, "mean")
    if not math.isfinite(evidence.low):
        return _judgement(gate, "undecided", evidence, "one case or cluster tells no interval")
    if gate.test == "at_most":
        return _against(gate, evidence, evidence.high, "high end")
    return _against(gate, evidence, evidence.low, "low end")


def _against(gate: Gate, evidence: Measured | Lead, value: float, end: str) -> Judgement:
    """Hold the end of the interval that is against the claim, or the mean, to the bound."""
    bound = -gate.bound if gate.test == "not_worse" else gate.bound
    room = HAIR * max(1.0, abs(bound))
    sign = -1 if gate.test == "at_most" else 1
    if sign * (value - bound) >= -room:
        reason = _lost(evidence, bound - room) if isinstance(evidence, Lead) else ""
        return _judgement(gate, "failed" if reason else "passed", evidence, reason)
    side = "above" if gate.test == "at_most" else "below"
    reason = f"the {end} {shown(value)} is {side} {bound:g}"
    if end != "mean" and evidence.mean is not None and sign * (evidence.mean - bound) >= -room:
        reason += ", though the mean is not: more cases may decide"
    return _judgement(gate, "failed", evidence, reason)


def _lost(lead: Lead, bound: float) -> str:
    """Why cases without a score speak against a lead over the others, "" if they do not."""
    if lead.floor is None or lead.floor >= bound:
        return ""
    one = "case has" if lead.lost == 1 else "cases have"
    return (
        f"{lead.lost:,} {one} no score here, but in {lead.baseline}: with the worst there is for"
        f" them the mean is {lead.floor:+.3f}"
    )


def _judgement(gate: Gate, verdict: GateVerdict, evidence: Evidence, reason: str = "") -> Judgement:
    if isinstance(evidence, Unknown):
        name, because = evidence.candidate, reason or evidence.because
        return Judgement(gate.text, gate.line, verdict, gate.metric, name, "", because)
    return Judgement(
        gate.text,
        gate.line,
        verdict,
        gate.metric,
        evidence.candidate,
        _figure(evidence),
        reason,
        evidence.mean,
        _finite(evidence.low),
        _finite(evidence.high),
    )


def _figure(evidence: Measured | Lead) -> str:
    """The figure in words, such as `plain 0.312 (0.281 to 0.344)`."""
    if evidence.mean is None:
        return f"{evidence.candidate} unscored"
    interval = "no interval"
    if math.isfinite(evidence.low):
        interval = f"{shown(evidence.low)} to {shown(evidence.high)}"
    if isinstance(evidence, Lead):
        over, lead = (evidence.paired, evidence.cases), f"{evidence.mean:+.3f}"
        text = f"{evidence.candidate} {lead} ({interval}) against {evidence.baseline}"
    else:
        over = (evidence.scored, evidence.cases)
        text = f"{evidence.candidate} {shown(evidence.mean)} ({interval})"
    return text if over[0] == over[1] else f"{text}, {over[0]:,} of {over[1]:,} cases"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

"""The mood of what a user says, and the tone rule that it chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from promptbench.metric.tone import mood_of
from promptbench.record import Case
from promptbench.suite.chat import ToneRule


def heard(said: str, rules: Sequence[ToneRule]) -> dict[str, Any]:
    """The mood of a text, -1 to 1, and the first rule for it ({} for none)."""
    mood = mood_of(said)
    rule = next((rule for rule in rules if rule.fits(mood)), None)
    return {"mood": mood, "rule": rule.facts() if rule else {}}


def with_mood(case: Case, rules: Sequence[ToneRule]) -> Case:
    """A case that knows the mood of what the user says, and the rule that it chooses.

    Metrics may ask for its `talk`, all that was said before a reply: until then it is empty.
    """
    found = heard(str(case.variables["user"]), rules)
    return replace(case, variables={"talk": "", **case.variables, **found})


def instruction(variables: Mapping[str, Any]) -> str:
    """What a prompt sees as `tone`."""
    return str(variables.get("rule", {}).get("say", ""))

"""Whether a reply says what it was told, or something else in its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import Field

from promptbench.metric.protocol import NO_REFERENCE
from promptbench.metric.setting import MetricSettings, shown
from promptbench.metric.spoken import HEARD, spoken, stated
from promptbench.record import Case, Completion, MetricInfo, Score

RECALLED = (
    "1 if the reply says one of the references, higher is better; without `strict` also where it"
    " names wrong values beside it. What the question itself names counts when it is repeated."
)
STRICT = (
    "1 if the reply says one of the references, and none of the other values that the case lists in"
    " {field!r}; higher is better. Where the case lists none, the reference is enough."
)
CONTRADICTED = (
    "1 if the reply says a value that the case lists in {field!r} and none of the references: it"
    " says something else than it was told. Lower is better. A reply that says neither, such as"
    " that it does not know, has 0, so read it beside `recall`; a wrong value that the case does"
    " not list is not found."
)


class OthersSettings(MetricSettings):
    """Where a case lists what would be wrong."""

    field: str = Field(
        default="others",
        min_length=1,
        description="The field of the case that lists other values of the kind asked for: never"
        " told, or somebody else's.",
    )


class RecallSettings(OthersSettings):
    """Whether wrong values beside the right one spoil it."""

    strict: bool = Field(
        default=False, description="None of the values in `field` may be said beside the right one."
    )


@dataclass(frozen=True, slots=True)
class Recall:
    """1 if the reply says a reference; else 0."""

    info: MetricInfo
    settings: RecallSettings
    needs_references: bool = True

    def score(self, completion: Completion, case: Case) -> Score:
        """Score 1 or 0, the reason naming what spoils it; unscored without a reference in words."""
        name = self.info.name
        if not any(map(spoken, case.references)):
            return Score(name, None, NO_REFERENCE)
        right, wrong = heard(completion.text, case, self.settings.field)
        if right and wrong and self.settings.strict:
            return Score(name, 0.0, f"also says {listed(wrong)}")
        return Score(name, float(right))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """1 if the reply says another value and no reference; else 0."""

    info: MetricInfo
    settings: OthersSettings
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """Score 1, the reason naming what is said, or 0; unscored where no values are listed."""
        name, field = self.info.name, self.settings.field
        if not any(map(spoken, values_of(case, field))):
            return Score(name, None, f"the case lists no values in {field!r}")
        right, wrong = heard(completion.text, case, field)
        if right or not wrong:
            return Score(name, 0.0)
        return Score(name, 1.0, f"says {listed(wrong)}")


def heard(text: str, case: Case, field: str) -> tuple[bool, list[str]]:
    """Whether a text states a reference, and the other values of the case that it states."""
    references = {spoken(one) for one in case.references}
    others = [one for one in values_of(case, field) if spoken(one) not in references]
    said = stated(text, [*others, *case.references])
    return any(one in said for one in case.references), [one for one in others if one in said]


def values_of(case: Case, field: str) -> tuple[str, ...]:
    """The values in a field of a case: a text or a number, or a list of such; else none."""
    found = case.variables.get(field)
    listed = found if isinstance(found, Sequence) and not isinstance(found, str) else [found]
    return tuple(str(one) for one in listed if _is_value(one))


def listed(values: Iterable[str]) -> str:
    """Values in words, each once."""
    return ", ".join(map(repr, dict.fromkeys(values)))


def build_recall(settings: RecallSettings) -> Recall:
    """The reference is said."""
    strict = settings.strict
    about = STRICT.format(field=settings.field) if strict else RECALLED
    info = MetricInfo(
        name=settings.name,
        label=f"recall{f', none of {settings.field}' if strict else ''}",
        direction="higher",
        binary=True,
        settings=shown("recall", settings),
        description=f"{about} {HEARD}",
    )
    return Recall(info, settings)


def build_contradiction(settings: OthersSettings) -> Contradiction:
    """Another value is said."""
    info = MetricInfo(
        name=settings.name,
        label=f"says one of {settings.field}, no reference",
        direction="lower",
        binary=True,
        settings=shown("contradiction", settings),
        description=f"{CONTRADICTED.format(field=settings.field)} {HEARD}",
    )
    return Contradiction(info, settings)


def _is_value(found: object) -> bool:
    return isinstance(found, str | int | float) and not isinstance(found, bool)

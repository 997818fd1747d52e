"""A judge: any model that rates an output by a rubric, or says which of two texts is better."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from promptbench.metric.pairwise import Pairwise
from promptbench.metric.pointwise import Pointwise
from promptbench.metric.setting import MetricSettings, shown
from promptbench.metric.trial import REFERENCE, Trial
from promptbench.metric.verdict import Form
from promptbench.record import MetricInfo

DIGITS = 1000
RATING = (
    "{model} rates the output by the rubric, {low} to {high}, higher is better. {how} The text"
    " stands between lines with a code that it cannot contain. A verdict that does not parse is"
    " unscored. A model's opinion: see how it agrees with people and what a constant answer gets."
)
CHOOSING = (
    "{model} says whether the output is better than {rival}, asked twice with the order swapped:"
    " 1 if both times the output, 0 if both times the other, 0.5 if it says tie or contradicts"
    " itself (Zheng et al. 2023, MT-Bench). {how} A verdict that does not parse is unscored."
)
HOW = {
    "json": "The verdict is written as JSON{votes}.",
    "likelihood": "The verdict is read from how likely the judge finds each answer, unwritten.",
}


class JudgeSettings(MetricSettings):
    """Who judges, by what, and what it sees."""

    model: str = Field(
        min_length=1, description="The judge: a model spec, or the name of one of `models:`."
    )
    rubric: str = Field(default="", description="What each number of the scale means.")
    scale: list[int] = Field(
        default=[1, 5],
        min_length=2,
        max_length=2,
        description="The lowest and highest rating, whole numbers.",
    )
    against: str = Field(
        default="",
        description="Compare instead of rating: reference, or the name of a prompt or candidate.",
    )
    criterion: str = Field(default="", description="With `against:`, what makes a text better.")
    votes: int = Field(
        default=1, ge=1, le=100, description="How often it is asked; their mean is the score."
    )
    temperature: float = Field(
        default=1.0, gt=0, le=10, description="Of several votes; a single one is greedy."
    )
    verdict: Literal["json", "likelihood"] = Field(
        default="json",
        description="json: it writes its verdict; likelihood: how likely it finds each verdict"
        " decides, which always parses and which a server does not tell.",
    )
    prefill: bool = Field(
        default=True, description="Begin and end the judge's JSON for it: small models need that."
    )
    max_tokens: int = Field(default=32, ge=1, le=100_000, description="Of a written verdict.")
    fields: list[str] | None = Field(
        default=None, description="The fields of a case that it sees; by default all texts."
    )
    reference: bool = Field(default=True, description="Whether it sees the first reference.")
    human: str = Field(
        default="",
        description="The field with a person's ratings: of the text in `rated`, or as a mapping"
        " from candidates to the ratings of their outputs.",
    )
    rated: str = Field(
        default="", description="The field with the text that people rated; or `reference`."
    )
    control: bool = Field(
        default=True, description="Whether constant answers are judged too, on up to 20 cases."
    )

    @model_validator(mode="after")
    def consistent(self) -> Self:
        """Refuse settings that do not go together, or one without which nothing can be asked."""
        if problem := _problem(self):
            raise ValueError(problem)
        return self


def _problem(settings: JudgeSettings) -> str:
    """What does not go together, or ""."""
    given = settings.model_fields_set
    if settings.against:
        alien = [one for one in ("rubric", "scale", "human", "rated") if one in given]
        if alien:
            return f"compares two texts: `{alien[0]}` is for rating one, without `against`"
        return "" if settings.criterion.strip() else "needs a `criterion`: what is better?"
    if not settings.rubric.strip():
        return "needs a `rubric` (or `against` and a `criterion`)"
    if "criterion" in given:
        return "rates by its `rubric`: `criterion` is for comparing, with `against`"
    low, high = settings.scale
    if not low < high <= low + DIGITS:
        return f"has no usable scale: {low} to {high}"
    if settings.verdict == "likelihood" and settings.votes > 1:
        return "reads likelihoods: more `votes` would all be equal"
    if settings.rated and not settings.human:
        return "needs `human`: the field with the ratings of `rated`"
    if settings.human and settings.human in (settings.fields or ()):
        return f"must not see the people's ratings: take {settings.human!r} out of `fields`"
    return ""


def build_judge(settings: JudgeSettings) -> Pointwise | Pairwise:
    """A judge that rates, or with `against` one that compares."""
    return _pairwise(settings) if settings.against else _pointwise(settings)


def _pointwise(settings: JudgeSettings) -> Pointwise:
    low, high = settings.scale
    form = Form(
        "score", tuple(range(low, high + 1)), settings.verdict == "likelihood", settings.prefill
    )
    info = MetricInfo(
        name=settings.name,
        label=f"{settings.name}, judged by {settings.model}",
        direction="higher",
        low=float(low),
        high=float(high),
        settings=_settings(settings, ("against", "criterion")),
        description=RATING.format(model=settings.model, low=low, high=high, how=_how(settings)),
    )
    trial = _trial(settings, form)
    return Pointwise(info, trial, settings.rubric.strip(), settings.human, settings.rated)


def _pairwise(settings: JudgeSettings) -> Pairwise:
    form = Form("better", ("A", "B", "tie"), settings.verdict == "likelihood", settings.prefill)
    rival = "the reference" if settings.against == REFERENCE else f"that of {settings.against}"
    info = MetricInfo(
        name=settings.name,
        label=f"{settings.name} to {rival}, judged by {settings.model}",
        direction="higher",
        settings=_settings(settings, ("rubric", "scale", "human", "rated")),
        description=CHOOSING.format(model=settings.model, rival=rival, how=_how(settings)),
    )
    return Pairwise(info, _trial(settings, form), settings.criterion.strip(), settings.against)


def _trial(settings: JudgeSettings, form: Form) -> Trial:
    return Trial(
        name=settings.name,
        model=settings.model,
        form=form,
        votes=settings.votes,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature if settings.votes > 1 else 0.0,
        fields=None if settings.fields is None else tuple(settings.fields),
        reference=settings.reference and settings.against != REFERENCE,
        control=settings.control,
    )


def _settings(settings: JudgeSettings, alien: tuple[str, ...]) -> dict[str, object]:
    """What is in effect, without the settings of the other kind of judge."""
    kept = shown("judge", settings)
    return {name: value for name, value in kept.items() if name not in alien}


def _how(settings: JudgeSettings) -> str:
    votes = f", {settings.votes} times; the mean of those that parse counts"
    return HOW[settings.verdict].format(votes=votes if settings.votes > 1 else "")

"""Read a metric's settings: a suite's mapping in, a checked record or one clear error out."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from promptbench.error import SuiteError, choices
from promptbench.record import MetricSpec

# Pydantic's words are about Python; these are about a suite file.
ALLOWED = {
    "bool_type": "true or false",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list, such as [first, second]",
    "string_too_short": "text that is not empty",
    "string_type": "text",
    "too_short": "a list that is not empty",
}


class MetricSettings(BaseModel):
    """What every metric takes. A metric's own settings are the fields of a subclass.

    Fields are of plain types (no nested models), each with a description that says what it does.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str = Field(
        default="",
        max_length=60,
        pattern=r"^[\w.-]+( [\w.-]+)*$",
        description="The name in reports: letters, digits, _ . - and single spaces.",
    )


S = TypeVar("S", bound=MetricSettings)


def read_settings(spec: MetricSpec, settings: type[S]) -> S:
    """The checked settings, with defaults and name. Raises SuiteError for the first mistake."""
    try:
        read = settings.model_validate(dict(spec.settings))
    except ValidationError as error:
        raise _refusal(spec, settings, error.errors(include_url=False)) from None
    return read.model_copy(update={"name": read.name or spec.name})


def shown(metric: str, settings: MetricSettings) -> dict[str, Any]:
    """All settings in effect, as JSON can hold them, with the metric that an alias stands for."""
    return {"metric": metric} | settings.model_dump(mode="json", exclude={"name"})


def _refusal(
    spec: MetricSpec, settings: type[MetricSettings], problems: list[ErrorDetails]
) -> SuiteError:
    """The first mistake in words; a misspelt key goes before what is missing because of it."""
    problem = min(problems, key=lambda one: one["type"] != "extra_forbidden")
    what, hint = _words(problem, settings.model_fields)
    return SuiteError(f"metric {spec.name!r}{what}", where=spec.where, hint=hint)


def _words(problem: ErrorDetails, fields: Mapping[str, FieldInfo]) -> tuple[str, str]:
    """What is wrong with a metric, following its name, and what is allowed."""
    if not problem["loc"]:
        return f" {_message(problem)}", ""
    key, *path = (str(part) for part in problem["loc"])
    if key not in fields:
        return f" has no setting {key!r}", choices(key, fields)
    if problem["type"] == "missing":
        return f" needs the setting {key!r}", f"{key}: {fields[key].description}"
    place = key + "".join(f"[{part}]" for part in path)
    found = reprlib.repr(problem["input"])
    return f", setting {place!r}: found {found}", _allowed(problem, fields[key])


def _allowed(problem: ErrorDetails, field: FieldInfo) -> str:
    """What a setting may be, instead of what was found."""
    if get_origin(field.annotation) is Literal:
        return choices(str(problem["input"]), map(str, get_args(field.annotation)))
    if problem["type"] in ALLOWED:
        return f"Allowed: {ALLOWED[problem['type']]}."
    if problem["type"] == "string_pattern_mismatch":
        return field.description or ""
    return f"{_message(problem)}."


def _message(problem: ErrorDetails) -> str:
    """Pydantic's message, or that of the ValueError which a validator raised."""
    return problem["msg"].removeprefix("Value error, ").replace("Input should be", "Allowed:")

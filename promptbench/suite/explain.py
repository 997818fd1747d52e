"""Turn a pydantic error into what was found, what is allowed and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from promptbench.error import choices

EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "a mapping (key: value lines)",
    "dict_type": "a mapping (key: value lines)",
    "model_attributes_type": "a mapping (key: value lines)",
    "too_short": "at least one entry",
    "string_too_short": "text that is not empty",
    "string_pattern_mismatch": "a name of letters, digits, '_', '.' and '-', 64 at most",
}


BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def explain(error: Mapping[str, Any], model: type[BaseModel]) -> tuple[str, str]:
    """What is wrong, and a hint, for one entry of `ValidationError.errors()` of `model`."""
    key = ".".join(part for part in error["loc"] if isinstance(part, str))
    last = error["loc"][-1] if error["loc"] else ""
    kind = error["type"]
    if kind == "extra_forbidden":
        owner = model_at(model, error["loc"][:-1])
        return f"unknown key '{last}'", choices(str(last), owner.model_fields)
    if kind == "missing":
        about = description_of(model, error["loc"])
        return f"key '{key}' is missing", f"{last}: {about}" if about else ""
    found = show(error["input"])
    if kind in BOUNDS:
        limit, words = BOUNDS[kind]
        what = f"{key}: expected {words} {error['ctx'][limit]:,g}, found {found}"
        return what, description_of(model, error["loc"])
    if kind in EXPECTED:
        hint = quote_hint(kind, error["input"]) or description_of(model, error["loc"])
        return f"{key}: expected {EXPECTED[kind]}, found {found}", hint
    return f"{key}: {error['msg'].replace('Input should', 'should')}, found {found}", ""


def description_of(model: type[BaseModel], loc: tuple[Any, ...]) -> str:
    """What the schema says about the key that a location ends in."""
    field = model_at(model, loc[:-1]).model_fields.get(str(loc[-1])) if loc else None
    return (field.description or "") if field else ""


def model_at(model: type[BaseModel], loc: tuple[Any, ...]) -> type[BaseModel]:
    """The model that a location leads to, through lists and optional fields."""
    for part in loc:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        if field is not None:
            model = inner_model(field.annotation) or model
    return model


def inner_model(annotation: Any) -> type[BaseModel] | None:
    """The first pydantic model inside an annotation such as `list[PromptFile] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        if found := inner_model(argument):
            return found
    return None


def show(value: object) -> str:
    """A value as a reader of the file would call it, shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def quote_hint(kind: str, value: object) -> str:
    """How to write the value that was most likely meant."""
    if kind == "string_type" and isinstance(value, int | float):
        return f'Put it in quotes: "{str(value).lower()}".'
    if kind == "list_type" and isinstance(value, str):
        return f"Write it in brackets: [{value}]."
    if kind in ("int_type", "float_type") and isinstance(value, str) and value.isdigit():
        return f"Write it without quotes: {value}."
    return ""

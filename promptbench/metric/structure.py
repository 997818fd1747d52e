"""Judge an output that should be JSON: whether it is, keeps to a schema, has the right fields."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, field_validator

from promptbench.metric.leaf import Leaf, aligned, difference, f1, leaves, numbered
from promptbench.metric.protocol import NO_REFERENCE
from promptbench.metric.schema import check_schema, first_violation
from promptbench.metric.setting import MetricSettings, shown
from promptbench.record import Case, Completion, MetricInfo, Score

STANDARD = "JSON as RFC 8259 has it, so without NaN or comments, and no other text around it"
FENCE = re.compile(r"```[\w+-]*[ \t]*\n(.*)\n[ \t]*```", re.DOTALL)
NOT_JSON = "no reference is JSON"


class JsonSettings(MetricSettings):
    """How JSON is found in an output."""

    fence: bool = Field(
        default=False,
        description="Accept one Markdown code fence around the JSON (``` or ```json).",
    )


class JsonSchemaSettings(JsonSettings):
    """What JSON must keep to."""

    rules: dict[str, Any] = Field(description="A JSON Schema (2020-12), without patternProperties.")

    @field_validator("rules")
    @classmethod
    def valid(cls, rules: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is no schema while its place in the suite is known."""
        check_schema(rules)
        return rules


class JsonFieldsSettings(JsonSettings):
    """How fields are compared."""

    lists: Literal["ordered", "unordered"] = Field(
        default="ordered",
        description="Whether the order of a list counts. If not, each item is set against the one"
        " that it has most in common with.",
    )


@dataclass(frozen=True, slots=True)
class JsonValid:
    """1 if the text is JSON, and keeps to the schema where there is one; else 0."""

    info: MetricInfo
    fence: bool
    rules: dict[str, Any] | None = None
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        """Score 1 or 0, a 0 with its reason; unscored where the schema cannot be applied."""
        try:
            value = read_json(completion.text, self.fence)
        except ValueError as error:
            return Score(self.info.name, 0.0, str(error))
        try:
            wrong = "" if self.rules is None else first_violation(value, self.rules)
        except ValueError as error:
            return Score(self.info.name, None, str(error))
        return Score(self.info.name, float(not wrong), wrong)


@dataclass(frozen=True, slots=True)
class JsonFields:
    """F1 of the fields of the output and those of its best reference."""

    info: MetricInfo
    settings: JsonFieldsSettings
    needs_references: bool = True

    def score(self, completion: Completion, case: Case) -> Score:
        """Score from 0 to 1, the reason naming the fields that are wrong, missing and extra."""
        wanted = [one for one in map(self._reference, case.references) if one is not None]
        if not wanted:
            return Score(self.info.name, None, NOT_JSON if case.references else NO_REFERENCE)
        try:
            value = numbered(read_json(completion.text, self.settings.fence))
        except ValueError as error:
            return Score(self.info.name, 0.0, str(error))
        found, best = max((self._leaves(value, one) for one in wanted), key=lambda both: f1(*both))
        return Score(self.info.name, f1(found, best), difference(found, best, self._ordered))

    @property
    def _ordered(self) -> bool:
        return self.settings.lists == "ordered"

    def _reference(self, reference: str) -> Any:
        """The value of a reference, None where it is no JSON; a null is wrapped up."""
        try:
            return (numbered(read_json(reference, True)),)
        except ValueError:
            return None

    def _leaves(self, value: Any, wanted: tuple[Any]) -> tuple[Counter[Leaf], Counter[Leaf]]:
        """The fields of an output and of a reference, items of lists set against each other."""
        found = value if self._ordered else aligned(value, wanted[0])
        return Counter(leaves(found)), Counter(leaves(wanted[0]))


def read_json(text: str, fence: bool) -> Any:
    """The value of a text that is JSON and nothing else. Raises ValueError with what is wrong."""
    plain = text.strip()
    fenced = FENCE.fullmatch(plain)
    try:
        return json.loads(fenced[1] if fence and fenced else plain, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        hint = "; it is inside a code fence" if fenced and not fence else ""
        raise ValueError(f"not JSON: {error}{hint}") from None
    except RecursionError:
        raise ValueError("not JSON: nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None


def build_json_valid(settings: JsonSettings) -> JsonValid:
    """Whether a text is JSON at all."""
    about = f"1 if the output is {STANDARD}; else 0. Higher is better."
    return JsonValid(_info("json_valid", "is JSON", settings, about, True), settings.fence)


def build_json_schema(settings: JsonSchemaSettings) -> JsonValid:
    """Whether a text is JSON that keeps to a schema."""
    about = (
        f"1 if the output is {STANDARD}, and keeps to the schema (JSON Schema 2020-12, by the"
        " Python package jsonschema; `format` is not checked); else 0. Higher is better."
    )
    info = _info("json_schema", "keeps to the JSON Schema", settings, about, True)
    return JsonValid(info, settings.fence, settings.rules)


def build_json_fields(settings: JsonFieldsSettings) -> JsonFields:
    """How many fields are as the reference has them."""
    about = (
        "F1 of fields: a field is right where the reference has the same value at the same path;"
        " 0 to 1, higher is better. Best of references; an output that is no JSON scores 0. Text"
        " is compared without outer white space, and 1 equals 1.0. This project's own definition."
    )
    label = f"JSON fields F1, lists {settings.lists}, best of references"
    return JsonFields(_info("json_fields", label, settings, about, False), settings)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _info(
    metric: str, label: str, settings: JsonSettings, description: str, binary: bool
) -> MetricInfo:
    """The description of a metric of JSON, higher being better."""
    return MetricInfo(
        name=settings.name,
        label=label + ", a code fence is allowed" * settings.fence,
        direction="higher",
        binary=binary,
        settings=shown(metric, settings),
        description=description,
    )

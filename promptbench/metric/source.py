"""The input that an output is set against: a case and the name of a variable in, a text out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from promptbench.metric.setting import MetricSettings
from promptbench.record import Case


class SourceSettings(MetricSettings):
    """Which text of a case its output is set against."""

    of: str = Field(
        default="",
        description="The variable that holds the input, such as body; without it all text of the"
        " case's variables, in their order.",
    )


def source_of(case: Case, of: str) -> str:
    """The text of one variable, or of all, one after the other; texts in lists and maps count."""
    return "\n".join(_texts(case.variables.get(of, "") if of else case.variables))


def no_source(case: Case, of: str) -> str:
    """Why a case has no input to compare with."""
    if of and of not in case.variables:
        return f"the case has no variable {of!r}"
    return f"the variable {of!r} holds no text" if of else "the case has no text in its variables"


def _texts(value: Any) -> Iterator[str]:
    """Every text within a variable; numbers are text too, true and false are not."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, Sequence):
        for one in value:
            yield from _texts(one)

"""Say what to do about an error of Jinja's: the error in, a hint for the template's author out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jinja2

from promptbench.error import choices
from promptbench.prompt.sandbox import Sandbox

SYNTAX = "Variables stand in {{ }}, tags in {% %}; each block, if and for needs its end tag."


def undefined_hint(error: jinja2.UndefinedError, values: Mapping[str, Any]) -> str:
    """What the template may use instead of the name in Jinja's "'x' is undefined"."""
    unknown = re.fullmatch("'(.+)' is undefined", error.message or "")
    if unknown is None:
        return ""
    if unknown[1] == "examples":
        return "Few-shot examples are asked for in the suite: {file: ..., examples: {count: 3}}."
    nothing = "The case has no fields but its id and its references, which a prompt does not see."
    return choices(unknown[1], values) or nothing


def compile_hint(error: jinja2.TemplateError, environment: Sandbox) -> str:
    """What there is in place of the name in Jinja's "No filter named 'x'.", or how tags go."""
    message = error.message or ""
    unknown = re.search("No (filter|test) named '(.+?)'", message)
    if unknown is None:
        return SYNTAX if re.search("(?i)expected|unknown tag", message) else ""
    there = environment.filters if unknown[1] == "filter" else environment.tests
    return choices(unknown[2], (name for name in there if name.isidentifier()))

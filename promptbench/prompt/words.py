"""Say what failed in a template without Python's words: an exception in, a sentence out."""

from __future__ import annotations

import re

from jinja2.sandbox import MAX_RANGE

KINDS = {
    "bool": "true or false",
    "dict": "a mapping",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "NoneType": "nothing",
    "str": "a text",
    "tuple": "a list",
}
NAMED = "|".join(KINDS)
OBJECT = re.compile(f"'({NAMED})'? object'?")
KIND = re.compile(rf"""["']?\b({NAMED})\b["']?""")


def in_words(error: Exception) -> str:
    """The first line of an error's message, in the words of somebody who writes a template."""
    if isinstance(error, RecursionError):
        return "the template is nested too deeply, or uses itself without end"
    if isinstance(error, OverflowError) and "range" in str(error).lower():
        return f"a range may hold {MAX_RANGE:,} numbers at most"
    text = (str(error).strip() or type(error).__name__).split("\n")[0]
    pattern = KIND if isinstance(error, TypeError) else OBJECT
    return pattern.sub(lambda found: KINDS[found[1]], text)

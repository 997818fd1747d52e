"""Name the characters that hide, reorder or break text: text in, text that shows them out."""

from __future__ import annotations

from typing import Any

KEPT = "\t\n\r"
# Overrides and isolates let a text show itself, or its neighbours, in another order than it has.
REORDERING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
SURROGATES = range(0xD800, 0xE000)

NAMED = {
    code: f"[U+{code:04X}]"
    for code in (*CONTROLS, *REORDERING, *SURROGATES)
    if chr(code) not in KEPT
}


def visible(value: Any) -> Any:
    """Name such characters in a plain text, as `[U+202E]`; anything else passes as it is."""
    return value.translate(NAMED) if type(value) is str else value

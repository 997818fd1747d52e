"""Make any text safe for a terminal: characters that it would obey or hide are shown by name."""

from __future__ import annotations

import json
from typing import Any

from promptbench.report.visible import NAMED, visible

# Marks that turn the order of what is beside them, and characters without a width: in a terminal
# one could not tell that they are there. Joiners (U+200C, U+200D) stay, for words are written so.
UNSEEN = (0x061C, 0x200E, 0x200F, 0x200B, 0x2060, 0xFEFF, 0x2028, 0x2029)
FILLERS = (0x115F, 0x180E, 0x3164, 0xFFA0)
OPERATORS = (*range(0x2061, 0x2065), *range(0x206A, 0x2070), *range(0xFFF9, 0xFFFC))
# Two ranges in which a whole text can hide behind a letter.
TAGS = (*range(0xE0000, 0xE0080), *range(0xE0100, 0xE01F0))
HIDDEN = {code: f"[U+{code:04X}]" for code in (*UNSEEN, *FILLERS, *OPERATORS, *TAGS)}
# In JSON such a character can be written so that a reader gets it back.
CODED = {
    code: json.dumps(chr(code))[1:-1]
    for code in (*NAMED, *HIDDEN)
    if code >= 0x7F  # below, JSON writes them so anyway
}


def escaped(text: str) -> str:
    """The text with lines and tabs as they are; a carriage return would write over its line."""
    return str(visible(text)).replace("\r", "[U+000D]").translate(HIDDEN)


def json_line(value: Any) -> str:
    """One line of JSON that reads back as it was, letters of all languages as they are."""
    return json.dumps(value, ensure_ascii=False).translate(CODED)

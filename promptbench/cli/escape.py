"""Make any text safe for a terminal: control characters are shown by name, not obeyed."""

from __future__ import annotations

from promptbench.report.visible import visible


def escaped(text: str) -> str:
    """The text with lines and tabs as they are; a carriage return would write over its line."""
    return str(visible(text)).replace("\r", "[U+000D]")

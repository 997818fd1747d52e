"""Count characters as the page's script does: places in a text in, the same in UTF-16 units out."""

from __future__ import annotations

from collections.abc import Sequence

# Characters from here on take two units.
ASTRAL = 0x10000


def in_utf16(text: str, places: Sequence[int]) -> list[int]:
    """The places, which count characters of `text`, in the units that JavaScript counts."""
    if not text or ord(max(text)) < ASTRAL:
        return list(places)
    before = [0]
    for sign in text:
        before.append(before[-1] + 1 + (ord(sign) >= ASTRAL))
    return [before[place] for place in places]

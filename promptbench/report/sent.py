"""Pack the prompts that the models saw: each piece's text once, each prompt once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from promptbench.record import Case, Seen
from promptbench.report.once import Once
from promptbench.report.seen import SHARED, Piece, take_apart

Pieces = tuple[tuple[int, int], ...]
"""The place of a kind and that of a text, for each piece."""


@dataclass(slots=True)
class Sent:
    """The prompts by what they hold, and each request's. `put` gives a text's place.

    A prompt is put down with the case that it asks, so that both lie in one block. `seen` has the
    prompts by the key of their request, read one by one.
    """

    put: Callable[[str], int]
    seen: Mapping[str, Seen]
    kinds: dict[tuple[str, str], int] = field(default_factory=dict)
    prompts: Once[tuple[Pieces, Pieces]] = field(default_factory=Once)

    def place(self, key: str, texts: Sequence[str]) -> dict[str, int]:
        """Where the prompt of a request is, as a part of what few outputs have.

        `texts` are the long ones of its case, which become pieces of their own.
        """
        if (seen := self.seen.get(key)) is None:
            return {}
        apart = take_apart(seen, texts)
        whole, messages = self.pieces(apart.pieces), self.pieces(apart.messages)
        return {"prompt": self.prompts.put((whole, messages))}

    def pieces(self, pieces: Sequence[Piece]) -> Pieces:
        """Pieces as places of kinds and texts."""
        return tuple(
            (self.kinds.setdefault((one.role, one.section), len(self.kinds)), self.put(one.text))
            for one in pieces
        )


def shared(case: Case) -> list[str]:
    """The long texts of a case, without white space around them, which templates take away."""
    # A chat's script holds what was said before, which stands in messages of its own.
    given = (each for name, each in case.variables.items() if name != "script")
    texts = (written(each).strip() for each in given)
    return [text for text in texts if len(text) >= SHARED]


def written(content: Any) -> str:
    """A variable as a reader will see it: a text as it is, anything else as JSON."""
    if isinstance(content, str):
        return content
    return json.dumps(content, ensure_ascii=False, indent=2, default=str)

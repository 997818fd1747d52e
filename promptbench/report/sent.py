"""Pack the prompts that the models saw: each piece's text once, each prompt once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from promptbench.record import Case, Seen
from promptbench.report.grid import Grid
from promptbench.report.once import Once
from promptbench.report.seen import SHARED, Piece, take_apart

Pieces = tuple[tuple[int, int], ...]
"""The place of a kind and that of a text, for each piece."""
Read = tuple[tuple[int, str], ...]
"""The place of a kind and the text, for each piece."""


@dataclass(slots=True)
class Sent:
    """The prompts by what they hold, and each request's. `put` gives a text's place.

    A prompt is put down with the case that it asks, so that both lie in one block.
    """

    put: Callable[[str], int]
    kinds: dict[tuple[str, str], int] = field(default_factory=dict)
    prompts: Once[tuple[Pieces, Pieces]] = field(default_factory=Once)
    read: dict[str, tuple[Read, Read]] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)

    def add(self, prompts: Iterable[Seen], grid: Grid) -> None:
        """Take the prompts of a grid's outputs apart, one by one; a text is held once."""
        cases = {case.id: case for case in grid.cases}
        owners = {
            sample.completion.key: cases[case]
            for (_, case), samples in grid.cells.items()
            for sample in samples
            if sample.completion is not None
        }
        for seen in prompts:
            if seen.key in owners:
                apart = take_apart(seen, shared(owners[seen.key]))
                self.read[seen.key] = self.pieces(apart.pieces), self.pieces(apart.messages)

    def pieces(self, pieces: Sequence[Piece]) -> Read:
        """Pieces with places for kinds."""
        return tuple(
            (
                self.kinds.setdefault((one.role, one.section), len(self.kinds)),
                self.known.setdefault(one.text, one.text),
            )
            for one in pieces
        )

    def place(self, key: str) -> dict[str, int]:
        """Where the prompt of a request is, as a part of what few outputs have."""
        if key not in self.read:
            return {}
        whole, messages = (
            tuple((kind, self.put(text)) for kind, text in pieces) for pieces in self.read[key]
        )
        return {"prompt": self.prompts.put((whole, messages))}


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

"""Mark up a prompt's source: text in; stretches with their block and their kind out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from promptbench.prompt.block import Kind, blocks, pieces
from promptbench.record import Prompt

# The last colour of a page is for what belongs to no block.
COLOURS = 7
# Beyond this a source is shown without marks: so many would make a page that nothing can draw.
MOST_CHARACTERS = 200_000
MOST_STRETCHES = 4_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a source: `kind` says what Jinja makes of it, `block` is the innermost one.

    `colour` is the block's; None outside of all blocks.
    """

    text: str
    kind: Kind
    block: str
    colour: int | None


def colours_of(prompts: Iterable[Prompt], sections: Iterable[str] = ()) -> dict[str, int]:
    """A colour for each block, the same in all prompts, in the order in which they are first met.

    `sections` are names that prompts showed when they ran.
    """
    sources = (each.source for each in prompts if len(each.source) <= MOST_CHARACTERS)
    met = (block.name for source in sources for block in blocks(source))
    names = dict.fromkeys([*sections, *met])
    return {name: place % COLOURS for place, name in enumerate(names)}


def stretches(source: str, colours: Mapping[str, int]) -> tuple[Stretch, ...]:
    """A source in order; all of it is one stretch where it is too large to be marked up."""
    whole = (Stretch(source, "text", "", None),)
    if len(source) > MOST_CHARACTERS:
        return whole
    found: list[Stretch] = []
    for stretch in _marked(source, colours):
        if len(found) == MOST_STRETCHES:
            return whole
        found.append(stretch)
    return tuple(found)


def _marked(source: str, colours: Mapping[str, int]) -> Iterator[Stretch]:
    waiting = blocks(source)[::-1]
    under_way: list[tuple[str, int]] = []
    for piece in pieces(source):
        while waiting and waiting[-1].start <= piece.start:
            begun = waiting.pop()
            under_way.append((begun.name, begun.end))
        while under_way and under_way[-1][1] <= piece.start:
            under_way.pop()
        block = under_way[-1][0] if under_way else ""
        yield Stretch(source[piece.start : piece.end], piece.kind, block, colours.get(block))

"""How a candidate looks, the same all over the page."""

from __future__ import annotations

from dataclasses import dataclass

from promptbench.record import Run

COLOURS = 8
# Paths around 0, 0, about as large to the eye: circle, square, diamond, triangle.
SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
    "M-4.4-4.4h8.8v8.8h-8.8z",
    "M0-6.2L6.2 0L0 6.2L-6.2 0z",
    "M0-5.8L5.8 4.4H-5.8z",
)


@dataclass(frozen=True, slots=True)
class Tone:
    """A colour (class `c0` to `c7`), and a shape for eyes without: places in COLOURS and SHAPES."""

    colour: int
    shape: int


def tones(run: Run) -> dict[str, Tone]:
    """A look for each candidate, by name.

    Past the last colour the shapes move on by one, so that no two candidates look alike soon.
    """
    return {
        candidate.name: Tone(place % COLOURS, (place + place // COLOURS) % len(SHAPES))
        for place, candidate in enumerate(run.candidates)
    }

"""Choose what of a dialogue comes back into the next prompt: each memory is a small function.

A memory sees the turns before and what the user says now, and returns the turns that it keeps.
What it leaves out is everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptbench.dialogue.exchange import Exchange
from promptbench.metric.embedder import Embedder, OpenEmbedder
from promptbench.suite.chat import Kind, MemorySpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Fits = Callable[[Sequence[Exchange]], bool]
"""Whether the prompt with these turns has no more tokens than the memory's size."""


@dataclass(slots=True)
class Nearby:
    """How near earlier turns are to what is said now, by sentence embeddings (cosine).

    The encoder is opened at the first question; a turn's vector is kept.
    """

    open_embedder: OpenEmbedder
    embedder: Embedder | None = None
    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def order(self, exchanges: Sequence[Exchange], said: str) -> list[Exchange]:
        """The turns, the most similar one first; of equal ones the newer first."""
        self.learn([*(exchange.text for exchange in exchanges), said])
        now = self.vectors[said]

        def likeness(exchange: Exchange) -> float:
            own = self.vectors[exchange.text]
            return float(own @ now) / float((own @ own) ** 0.5 * (now @ now) ** 0.5 or 1.0)

        return sorted(exchanges, key=lambda each: (-likeness(each), -each.number))

    def learn(self, texts: Sequence[str]) -> None:
        """Embed the texts that are new."""
        new = [text for text in dict.fromkeys(texts) if text not in self.vectors]
        if new:
            self.embedder = self.embedder or self.open_embedder()
            self.vectors.update(zip(new, self.embedder.embed(new), strict=True))


@dataclass(frozen=True, slots=True)
class Situation:
    """What a memory may look at. `past` are all earlier turns in order, `said` is said now."""

    past: Sequence[Exchange]
    said: str
    fits: Fits
    nearby: Nearby


def keep_all(spec: MemorySpec, now: Situation) -> Sequence[Exchange]:
    """Every turn."""
    return now.past


def keep_last(spec: MemorySpec, now: Situation) -> Sequence[Exchange]:
    """The newest turns."""
    return newest(now.past, spec.size)


def keep_budget(spec: MemorySpec, now: Situation) -> Sequence[Exchange]:
    """As many of the newest turns as the prompt has tokens for; none if even one is too much."""
    low, high = 0, len(now.past)  # the newest `low` fit
    while low < high:
        middle = (low + high + 1) // 2
        if now.fits(newest(now.past, middle)):
            low = middle
        else:
            high = middle - 1
    return newest(now.past, low)


def keep_beside_summary(spec: MemorySpec, now: Situation) -> Sequence[Exchange]:
    """The newest turns; a summary stands for the others."""
    return newest(now.past, spec.last)


def keep_similar(spec: MemorySpec, now: Situation) -> Sequence[Exchange]:
    """The newest turns, and of the older ones those most similar to what is said now."""
    beside = newest(now.past, spec.last)
    older = now.past[: len(now.past) - len(beside)]
    chosen = now.nearby.order(older, now.said)[: spec.size] if older else []
    return [*sorted(chosen, key=lambda each: each.number), *beside]


KEEP: Mapping[Kind, Callable[[MemorySpec, Situation], Sequence[Exchange]]] = {
    "all": keep_all,
    "last": keep_last,
    "tokens": keep_budget,
    "summary": keep_beside_summary,
    "similar": keep_similar,
}


def keep(spec: MemorySpec, now: Situation) -> tuple[Exchange, ...]:
    """The turns that come back into the prompt, in their order."""
    return tuple(KEEP[spec.kind](spec, now))


def newest(past: Sequence[Exchange], number: int) -> Sequence[Exchange]:
    """The last turns, `number` of them at most."""
    return past[max(0, len(past) - number) :]

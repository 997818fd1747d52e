"""Cut requests into batches for workers: those that begin alike stay together."""

from __future__ import annotations

from collections.abc import Sequence

from promptbench.record import Request

# The local engine has so many rows side by side: fewer leave it idle, where there are enough.
ROWS = 40
# What a lost worker costs at most, and what a worker looks through for shared beginnings.
MOST = 256
# Batches a worker, where there are many requests, so that none waits long for the last one.
TURNS = 4


def batches(requests: Sequence[Request], workers: int) -> list[list[Request]]:
    """All requests, each once, in batches for so many workers.

    They are ordered by their token ids (or text, where there are none), so that equal beginnings
    are neighbours; a batch ends where its neighbours have least in common, among the ends that
    leave it at least half full.
    """
    order = sorted(range(len(requests)), key=lambda at: (_beginning(requests[at]), at))
    most = size_for(len(requests), workers)
    found: list[list[Request]] = []
    start = 0
    while start < len(order):
        end = _end([_beginning(requests[at]) for at in order[start : start + most + 1]], most)
        found.append([requests[at] for at in order[start : start + end]])
        start += end
    return found


def size_for(requests: int, workers: int) -> int:
    """Requests in a batch: all workers have something to do, and a batch is worth the way."""
    each = max(1, requests // workers)
    return max(min(ROWS, each), min(MOST, -(-each // TURNS)))


def _beginning(request: Request) -> tuple[int, ...]:
    ids = request.encoded.ids
    return ids or tuple(map(ord, request.encoded.text))


def _end(beginnings: Sequence[tuple[int, ...]], most: int) -> int:
    """How many to take: all if they are few, else up to the least common beginning."""
    if len(beginnings) <= most:
        return len(beginnings)
    ends = range(max(1, most // 2), most + 1)
    return min(ends, key=lambda end: (_common(beginnings[end - 1], beginnings[end]), -end))


def _common(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """How many elements two sequences begin with alike."""
    least = min(len(one), len(other))
    if one[:least] == other[:least]:
        return least
    return next(at for at in range(least) if one[at] != other[at])

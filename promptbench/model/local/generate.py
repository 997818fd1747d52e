"""Generate for a batch of requests: rows advance together and each ends where it should."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import torch

from promptbench.error import RunError
from promptbench.model.local.choose import begin
from promptbench.model.local.row import Ends, Listen, Row, nobody
from promptbench.model.local.rows import Rows
from promptbench.record import Request

MAX_ROWS = 16
MAX_TOKENS = 16_384  # rows x longest prompt of a batch


def split(window: list[Request], rows: int = MAX_ROWS) -> Iterator[list[Request]]:
    """Cut a window, sorted by length, into batches of so many rows at most."""
    batch: list[Request] = []
    widest = 0
    for request in sorted(window, key=lambda r: -r.encoded.tokens):
        widest = max(widest, request.encoded.tokens)
        if batch and (len(batch) == rows or widest * (len(batch) + 1) > MAX_TOKENS):
            yield batch
            batch, widest = [], request.encoded.tokens
        batch.append(request)
    if batch:
        yield batch


def generate(
    requests: Sequence[Request], rows: Rows, ends: Ends, listen: Listen = nobody
) -> list[Row]:
    """Run one batch to its end. Raises RunError if the model computes no usable numbers."""
    started = time.perf_counter()
    every = [begin(r, ends, rows.before(r.encoded.ids)) for r in requests]
    active = list(every)
    logits = rows.start([r.encoded.ids for r in requests])
    while True:
        if not torch.isfinite(logits).all():
            raise RunError(
                "the model computes numbers that are not finite (NaN or infinity)",
                hint="Its weights are damaged or training diverged: no output can be scored.",
            )
        for row, scores in zip(active, logits, strict=True):
            row.hear((), scores[None])
            listen(row)
        going = [i for i, row in enumerate(active) if not row.finish]
        if not going:
            break
        if len(going) < len(active):
            rows.keep(going)
            active = [active[i] for i in going]
        logits = rows.step([row.tokens[-1] for row in active])
    for row in every:
        row.seconds = (time.perf_counter() - started) / len(every)
    return every

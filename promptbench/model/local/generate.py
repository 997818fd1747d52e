"""Generate for a batch of requests: rows advance together and each ends where it should."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from promptbench.error import RunError
from promptbench.model.local.choose import Chooser
from promptbench.model.local.rows import Rows
from promptbench.record import Completion, FinishReason, Request

Decode = Callable[[Sequence[int]], str]

WINDOW = 512  # requests looked at together to sort them by length
MAX_ROWS = 16
MAX_TOKENS = 16_384  # rows x longest prompt of a batch


@dataclass(slots=True)
class Row:
    """One request under way."""

    request: Request
    chooser: Chooser
    tokens: list[int] = field(default_factory=list)
    finish: FinishReason = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ends:
    """What ends an output: these token ids, and how to look for stop strings in the text."""

    ids: frozenset[int]
    decode: Decode


def batches(requests: Iterable[Request]) -> Iterator[list[Request]]:
    """Batches of similar length, longest first within each window, bounded in rows and tokens."""
    window: list[Request] = []
    for request in requests:
        window.append(request)
        if len(window) == WINDOW:
            yield from split(window)
            window = []
    yield from split(window)


def split(window: list[Request]) -> Iterator[list[Request]]:
    """Cut a window, sorted by length, into batches."""
    batch: list[Request] = []
    widest = 0
    for request in sorted(window, key=lambda r: -r.encoded.tokens):
        widest = max(widest, request.encoded.tokens)
        if batch and (len(batch) == MAX_ROWS or widest * (len(batch) + 1) > MAX_TOKENS):
            yield batch
            batch, widest = [], request.encoded.tokens
        batch.append(request)
    if batch:
        yield batch


@torch.inference_mode()
def generate(requests: Sequence[Request], rows: Rows, ends: Ends) -> list[Completion]:
    """Run one batch to its end. Raises RunError if the model computes no usable numbers."""
    started = time.perf_counter()
    every = [Row(r, Chooser(r.sampling, r.key, r.encoded.ids)) for r in requests]
    active = list(every)
    logits = rows.start([r.encoded.ids for r in requests])
    if not torch.isfinite(logits).all():
        raise RunError(
            "the model computes numbers that are not finite (NaN or infinity)",
            hint="Its weights are damaged or training diverged: no output of it can be scored.",
        )
    while True:
        for row, scores in zip(active, logits, strict=True):
            advance(row, row.chooser.choose(scores), ends)
        going = [i for i, row in enumerate(active) if not row.finish]
        if not going:
            break
        if len(going) < len(active):
            rows.keep(going)
            active = [active[i] for i in going]
        logits = rows.step([row.tokens[-1] for row in active])
    seconds = (time.perf_counter() - started) / len(every)
    return [completion(row, ends, seconds) for row in every]


def advance(row: Row, token: int, ends: Ends) -> None:
    """Take a row's next token and see whether it ends there."""
    row.tokens.append(token)
    sampling = row.request.sampling
    if token in ends.ids:
        row.finish = "stop"
        return
    if sampling.stop:
        text = ends.decode(row.tokens)
        cut = min((at for s in sampling.stop if (at := text.find(s)) >= 0), default=-1)
        if cut >= 0:
            row.finish, row.text = "stop_string", text[:cut]
            return
    if len(row.tokens) >= sampling.max_tokens:
        row.finish = "length"


def completion(row: Row, ends: Ends, seconds: float) -> Completion:
    """A finished row as a completion; white space around the text is not part of the answer."""
    text = row.text if row.finish == "stop_string" else ends.decode(row.tokens)
    return Completion(
        key=row.request.key,
        text=text.strip(),
        prompt_tokens=row.request.encoded.tokens,
        output_tokens=len(row.tokens),
        finish_reason=row.finish,
        seconds=seconds,
    )

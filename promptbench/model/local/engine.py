"""The engine: requests in, finished rows out, window by window, within its memory."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch

from promptbench.error import RunError
from promptbench.model.local.chosen import Chosen, decide
from promptbench.model.local.fit import runner_for
from promptbench.model.local.generate import generate, split
from promptbench.model.local.judge import judge
from promptbench.model.local.memory import bound_kernels, free_memory, keep_freed_memory
from promptbench.model.local.padded import rows_at_once
from promptbench.model.local.row import Ends, Listen, nobody
from promptbench.model.local.rows import DecoderRows, EncoderDecoderRows
from promptbench.model.local.runner import Runner
from promptbench.model.local.scheduler import CHUNK, ROWS, Done, Scheduler, session_of
from promptbench.model.local.shelf import Shelf
from promptbench.record import Choice, Request

WINDOW = 2048  # requests among which shared beginnings are looked for
PADDED_WINDOW = 512  # requests that are looked at together to sort them by length
SHARE = 0.25  # of the free memory, for keys and values


class PackedEngine:
    """Decoder-only models: packed steps, shared beginnings, rows replaced as they end."""

    def __init__(self, runner: Runner, ends: Ends, max_memory: int | None = None) -> None:
        """`max_memory` bounds keys and values, in bytes; None takes a share of what is free."""
        self.runner = runner
        self.ends = ends
        self.budget = max_memory or int(free_memory() * SHARE)
        self.shelf = Shelf(runner.shape, self.budget, roomy=True)

    @property
    def reused(self) -> int:
        """Prompt tokens, so far, that were held from their session's turn before."""
        return self.shelf.reused

    @torch.inference_mode()
    def run(self, requests: Iterable[Request], listen: Listen = nobody) -> Iterator[list[Done]]:
        """Yield finished rows. When memory runs out, half as many rows go on from there."""
        waiting = iter(requests)
        while window := list(islice(waiting, WINDOW)):
            yield from self.run_window(window, listen)

    def run_window(self, window: list[Request], listen: Listen) -> Iterator[list[Done]]:
        """Run one window to its end, with fewer rows each time that memory runs out."""
        rows, chunk = ROWS, CHUNK
        held = bool(self.shelf.held)
        while window:
            shelf = self.shelf_for(window)
            scheduler = Scheduler(self.runner, self.ends, shelf, rows, chunk, listen)
            try:
                for finished in scheduler.run(window):
                    done = {row.request.key for row in finished}
                    window = [request for request in window if request.key not in done]
                    yield finished
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self.shelf.clear()
                if held:  # what was held is given up first
                    held = False
                    continue
                if rows == 1:
                    raise not_enough(error) from error
                rows, chunk = max(1, rows // 2), max(16, chunk // 2)

    def shelf_for(self, window: list[Request]) -> Shelf:
        """The shelf of the sessions, or beside it one for requests that have none.

        Where both do not fit, the sessions give theirs up.
        """
        if any(map(session_of, window)):
            return self.shelf
        longest = max(len(r.encoded.ids) + r.sampling.max_tokens for r in window)
        need = min(ROWS, len(window)) * longest * self.runner.shape.bytes_per_token
        if self.shelf.taken and self.shelf.taken + need > self.budget:
            self.shelf.clear()
        return Shelf(self.runner.shape, self.budget - self.shelf.taken)


class PaddedEngine:
    """Batches of similar length, padded: encoder-decoder models, and decoders with odd attention.

    An encoder reads its prompt in both directions, so no beginning of one can be shared. A model
    that padding would change gets one row at a time.
    """

    def __init__(self, model: Any, ends: Ends) -> None:
        """`model` is a transformers model that generates.

        Raises ModelError for one that does not go on from what it has read.
        """
        self.model = model
        self.ends = ends
        self.kind = EncoderDecoderRows if model.config.is_encoder_decoder else DecoderRows
        self.rows = rows_at_once(model, self.kind)

    @torch.inference_mode()
    def run(self, requests: Iterable[Request], listen: Listen = nobody) -> Iterator[list[Done]]:
        """Yield what is done, a batch at a time."""
        waiting = iter(requests)
        while window := list(islice(waiting, PADDED_WINDOW)):
            for batch in split([r for r in window if r.sampling.choice is None], self.rows):
                yield [*generate(batch, self.kind(self.model), self.ends, listen)]
            for request in window:
                if request.sampling.choice is not None:
                    yield [self.choose(request, request.sampling.choice)]

    def choose(self, request: Request, choice: Choice) -> Chosen:
        """Decide one request."""
        started = time.perf_counter()
        words = [word for words in choice.words for word in words]
        heard = judge(request, self.model, self.ends.continue_with(request.encoded, words))
        return decide(request, heard, time.perf_counter() - started)


Engine = PackedEngine | PaddedEngine


def engine_for(model: Any, ends: Ends, max_memory: int | None = None) -> Engine:
    """The fastest engine that is exact for a model."""
    bound_kernels()
    keep_freed_memory()
    runner = None if model.config.is_encoder_decoder else runner_for(model)
    return PaddedEngine(model, ends) if runner is None else PackedEngine(runner, ends, max_memory)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch, on any device, or Python could not get memory."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return "allocate memory" in text or "out of memory" in text


def not_enough(error: BaseException) -> RunError:
    """What to say when even the smallest step does not fit."""
    return RunError(
        f"there is not enough memory for one output at a time: {error}",
        hint="Close other programs, or lower --max-memory or sampling.max_tokens.",
    )

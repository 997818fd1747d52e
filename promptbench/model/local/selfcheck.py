"""Check a model's engine against the plainest loop: the same tokens, however requests are run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from promptbench.error import ModelError
from promptbench.model.local.engine import Engine, PackedEngine, PaddedEngine
from promptbench.model.local.load import load
from promptbench.model.local.local import LocalModel
from promptbench.model.local.scheduler import Scheduler
from promptbench.model.local.shelf import Shelf
from promptbench.record import Encoded, Message, Request, Sampling

TIE = 1e-4
MAX_TOKENS = 24
BEGINNINGS = (
    "",
    "Answer in one short sentence and keep to what is asked. ",
    "You get a note that somebody left on a desk. Read it twice, find out who has to do something"
    " and by when, and then write down the one thing that must not be forgotten. Names, dates and"
    " numbers stay as they are; everything else may be said in other words.\n\nNote: ",
)
ENDINGS = (
    "The printer on the second floor is out of paper again, please tell Ann before 3 pm.",
    "What is the capital of France?",
    "Two and two are",
    "I can't come on Monday because the train doesn't run; Tuesday at 9:30 would suit me, and if"
    " that is too early for you, 11:15 on Thursday the 14th is free as well.",
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way of running the requests: how many outputs were equal, parted at a tie, or differed.

    `widest` is the largest gap between the logits of two tokens at which outputs parted.
    """

    name: str
    equal: int
    ties: int
    different: int
    widest: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check came to over `requests` requests; `engine` names how the model is run."""

    engine: str
    requests: int
    ways: tuple[Way, ...]

    @property
    def exact(self) -> bool:
        """Whether every output was equal, ties apart."""
        return not any(way.different for way in self.ways)


def check_model(model: LocalModel) -> Verdict:
    """Run a dozen prompts one at a time with transformers, then with our engine in several ways."""
    requests = list(sample_requests(model))
    engine = model.engine
    if not isinstance(engine, PackedEngine | PaddedEngine):
        raise ModelError(
            f"'{model.info.spec}' is encoder-only: it writes nothing that could be compared"
        )
    plain = load(model.checkpoint, model.place)
    expected = {r.key: plain_tokens(plain, r) for r in requests}
    ways = []
    for name, order, run in ways_of(engine, requests):
        found = {row.request.key: row.tokens for rows in run(order) for row in rows}
        ways.append(judge(plain, name, requests, found, expected))
    kind = type(engine.runner).__name__ if isinstance(engine, PackedEngine) else "padded batches"
    return Verdict(kind, len(requests), tuple(ways))


def sample_requests(model: LocalModel) -> Iterator[Request]:
    """Prompts that share beginnings of several lengths."""
    settings = Sampling(max_tokens=MAX_TOKENS)
    for number, text in enumerate(b + e for b in BEGINNINGS for e in ENDINGS):
        messages = (Message("user", text),)
        encoded: Encoded = model.encode(messages)
        yield Request(f"{number:064x}", messages, encoded, settings)


def ways_of(engine: Engine, requests: Sequence[Request]) -> Iterator[tuple[str, Any, Any]]:
    """(name, requests in some order, how to run them)."""
    shuffled = random.Random(0).sample(requests, len(requests))
    yield "as a run does it", requests, engine.run
    yield "shuffled", shuffled, engine.run
    if isinstance(engine, PackedEngine):
        for rows, chunk in ((1, 16), (3, 7)):
            shelf = Shelf(engine.runner.shape, engine.budget)
            scheduler = Scheduler(engine.runner, engine.ends, shelf, rows, chunk)
            yield f"{rows} rows, {chunk} prompt tokens a step", shuffled, inferring(scheduler)


def inferring(scheduler: Scheduler) -> Any:
    """A scheduler's run without gradients."""

    @torch.inference_mode()
    def run(requests: Sequence[Request]) -> Iterator[Any]:
        yield from scheduler.run(requests)

    return run


@torch.inference_mode()
def plain_tokens(model: Any, request: Request) -> list[int]:
    """What transformers' generate makes of one prompt, greedily."""
    ids = torch.tensor([request.encoded.ids], device=model.device)
    found = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        max_new_tokens=request.sampling.max_tokens,
    )
    tokens = [int(token) for token in found[0]]
    return tokens[1:] if model.config.is_encoder_decoder else tokens[ids.shape[1] :]


def judge(
    model: Any,
    name: str,
    requests: Sequence[Request],
    found: dict[str, list[int]],
    expected: dict[str, list[int]],
) -> Way:
    """Count equal outputs, and measure how close the choice was where others part."""
    gaps = [
        gap(model, request, found[request.key], expected[request.key])
        for request in requests
        if found[request.key] != expected[request.key]
    ]
    ties = sum(value < TIE for value in gaps)
    return Way(name, len(requests) - len(gaps), ties, len(gaps) - ties, max(gaps, default=0.0))


@torch.inference_mode()
def gap(model: Any, request: Request, ours: list[int], theirs: list[int]) -> float:
    """How far apart the two tokens' logits are where two outputs part; infinite if one ends."""
    same = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), -1)
    if same < 0:
        return float("inf")
    device = model.device
    prompt = torch.tensor([request.encoded.ids], device=device)
    if model.config.is_encoder_decoder:
        start = int(model.config.decoder_start_token_id)
        before = torch.tensor([[start, *theirs[:same]]], device=device)
        logits = model(input_ids=prompt, decoder_input_ids=before).logits[0, -1]
    else:
        before = torch.tensor([theirs[:same]], device=device, dtype=torch.long)
        logits = model(torch.cat([prompt, before], dim=1)).logits[0, -1]
    return float((logits[ours[same]] - logits[theirs[same]]).abs())

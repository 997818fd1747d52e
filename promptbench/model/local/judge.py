"""How likely given continuations of a prompt are, by any transformers model that generates."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from promptbench.model.local.batch import by_length
from promptbench.model.local.chosen import Heard
from promptbench.model.local.encoder import padded, require_finite
from promptbench.model.local.rows import first_token
from promptbench.record import Request

MAX_ROWS = 16
MAX_TOKENS = 16_384  # rows x prompt and longest continuation of a batch

Tokens = tuple[int, ...]


@torch.inference_mode()
def judge(request: Request, model: Any, continuations: Sequence[Tokens]) -> list[Heard]:
    """The log-likelihood of each continuation after the request's prompt, in their order.

    The prompt is read once, and a continuation that is there twice is judged once. Each has at
    least one token. Raises RunError if the model computes no usable numbers.
    """
    distinct = list(dict.fromkeys(tuple(tokens) for tokens in continuations))
    prompt = request.encoded.ids
    if model.config.is_encoder_decoder:
        totals = judged_after_encoder(prompt, model, distinct)
    else:
        totals = judged_after_decoder(prompt, model, distinct)
    by_tokens = dict(zip(distinct, totals, strict=True))
    return [Heard(by_tokens[tuple(tokens)], len(tokens)) for tokens in continuations]


def judged_after_decoder(prompt: Tokens, model: Any, continuations: list[Tokens]) -> list[float]:
    """Sums of log-probabilities by a decoder-only model.

    The prompt tells of each first token; the keys and values that it leaves are copied for the
    rest. That is padded on the right: no token sees what comes after it.
    """
    from transformers import DynamicCache

    cache = DynamicCache(config=model.config)
    ids = torch.tensor([prompt], device=model.device)
    output = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    first = log_shares(output.logits)[0, -1]
    totals = [float(first[tokens[0]]) for tokens in continuations]
    longer = [i for i, tokens in enumerate(continuations) if len(tokens) > 1]
    for batch in batches(prompt, [continuations[i] for i in longer]):
        rows = [continuations[longer[i]] for i in batch]
        logits = continued(model, deepcopy(cache), len(prompt), [row[:-1] for row in rows])
        for i, total in zip(batch, sums(logits, [row[1:] for row in rows]), strict=True):
            totals[longer[i]] += total
    return totals


def continued(model: Any, cache: Any, start: int, rows: Sequence[Tokens]) -> Tensor:
    """Logits [rows, longest, vocabulary] of rows that all go on from a cache of `start` tokens."""
    cache.batch_repeat_interleave(len(rows))
    ids, _ = padded(rows, 0)
    positions = torch.arange(start, start + ids.shape[1])[None].expand_as(ids)
    output = model(
        input_ids=ids.to(model.device),
        position_ids=positions.to(model.device),
        attention_mask=torch.ones(len(rows), start + ids.shape[1], device=model.device).long(),
        past_key_values=cache,
        use_cache=True,
    )
    logits: Tensor = output.logits
    return logits


def judged_after_encoder(prompt: Tokens, model: Any, continuations: list[Tokens]) -> list[float]:
    """Sums of log-probabilities by an encoder-decoder model: the prompt is encoded once."""
    from transformers.modeling_outputs import BaseModelOutput

    ids = torch.tensor([prompt], device=model.device)
    real = torch.ones_like(ids)
    states = model.get_encoder()(input_ids=ids, attention_mask=real).last_hidden_state
    start = first_token(model)
    totals = [0.0] * len(continuations)
    for batch in batches(prompt, continuations):
        rows = [continuations[i] for i in batch]
        before, _ = padded([(start, *row[:-1]) for row in rows], start)
        output = model(
            encoder_outputs=BaseModelOutput(states.expand(len(rows), -1, -1)),
            attention_mask=real.expand(len(rows), -1),
            decoder_input_ids=before.to(model.device),
            use_cache=False,
        )
        for i, total in zip(batch, sums(output.logits, rows), strict=True):
            totals[i] = total
    return totals


def batches(prompt: Tokens, continuations: Sequence[Tokens]) -> Any:
    """Positions of continuations that are run together."""
    lengths = [len(prompt) + len(tokens) for tokens in continuations]
    return by_length(lengths, MAX_ROWS, MAX_TOKENS)


def sums(logits: Tensor, rows: Sequence[Tokens]) -> list[float]:
    """The summed log-probability of each row's tokens, from logits [rows, longest, vocabulary]."""
    shares = log_shares(logits)
    return [
        float(shares[i, torch.arange(len(row)), torch.tensor(row)].sum())
        for i, row in enumerate(rows)
    ]


def log_shares(logits: Tensor) -> Tensor:
    """Log-probabilities over the vocabulary, in fp32 on the CPU."""
    found = logits.float().cpu()
    require_finite(found)
    return found.log_softmax(dim=-1)

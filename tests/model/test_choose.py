"""Choosing a token, checked against transformers' own processors on random logits."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from promptbench.model.local.choose import Chooser, penalized
from promptbench.record import Sampling

VOCABULARY = 24
DRAWS = 4000


def logits(seed: int) -> Tensor:
    return torch.randn(VOCABULARY, generator=torch.Generator().manual_seed(seed)) * 2


def key(number: int) -> str:
    return f"{number * 2_654_435_761 % 2**60:015x}".ljust(64, "0")


def shares(scores: Tensor, sampling: Sampling) -> Tensor:
    """The probabilities from which transformers would draw."""
    row = TemperatureLogitsWarper(sampling.temperature)(None, scores[None])
    if sampling.top_k:
        row = TopKLogitsWarper(sampling.top_k)(None, row)
    if sampling.top_p < 1:
        row = TopPLogitsWarper(sampling.top_p)(None, row)
    return torch.softmax(row[0].double(), dim=-1)


@pytest.mark.parametrize("seed", range(5))
def test_greedy_takes_the_highest_logit(seed: int):
    scores = logits(seed)
    assert Chooser(Sampling(), key(0), []).choose(scores) == int(scores.argmax())


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 1.0},
        {"temperature": 0.6},
        {"temperature": 1.7},
        {"temperature": 1.0, "top_k": 5},
        {"temperature": 1.0, "top_k": 1000},
        {"temperature": 1.0, "top_p": 0.7},
        {"temperature": 1.3, "top_p": 0.05},
        {"temperature": 0.8, "top_k": 8, "top_p": 0.8},
    ],
)
def test_samples_are_drawn_from_the_distribution_of_transformers(settings: dict[str, Any]):
    sampling = Sampling(**settings)
    scores = logits(7)
    expected = shares(scores, sampling)
    drawn = Counter(Chooser(sampling, key(n), []).choose(scores) for n in range(DRAWS))
    possible = {i for i, share in enumerate(expected.tolist()) if share > 0}
    assert set(drawn) <= possible
    for token in possible:
        share = float(expected[token])
        spread = (share * (1 - share) / DRAWS) ** 0.5
        assert abs(drawn[token] / DRAWS - share) <= 5 * spread, token


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("penalty", [1.3, 0.7])
def test_the_repetition_penalty_is_that_of_transformers(seed: int, penalty: float):
    scores = logits(seed)
    seen = [3, 5, 5, 8, int(scores.argmax()), int(scores.argmin())]
    expected = RepetitionPenaltyLogitsProcessor(penalty)(torch.tensor([seen]), scores[None])[0]
    before = scores.clone()
    assert torch.equal(penalized(scores, set(seen), penalty), expected)
    assert torch.equal(scores, before)


def test_the_penalty_counts_the_prompt_and_what_was_chosen():
    scores = torch.tensor([1.0, 1.9, 2.0, -5.0])
    chooser = Chooser(Sampling(repetition_penalty=2.5), key(0), [2])
    assert [chooser.choose(scores) for _ in range(3)] == [1, 0, 2]


def test_the_same_request_draws_the_same_whatever_happened_before():
    sampling = Sampling(temperature=1.0)
    draws = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        torch.rand(seed)
        chooser = Chooser(sampling, key(5), [1, 2])
        draws.append([chooser.choose(logits(n)) for n in range(30)])
    assert draws[0] == draws[1]


def test_drawing_leaves_the_random_numbers_of_others_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    Chooser(Sampling(temperature=1.0), key(5), []).choose(logits(0))
    assert torch.equal(torch.rand(3), expected)


def test_another_request_draws_otherwise():
    sampling = Sampling(temperature=1.0)
    draws = set()
    for number in range(5):
        chooser = Chooser(sampling, key(number), [])
        draws.add(tuple(chooser.choose(logits(n)) for n in range(10)))
    assert len(draws) == 5


def test_equal_logits_are_all_drawn():
    sampling = Sampling(temperature=1.0)
    drawn = {Chooser(sampling, key(n), []).choose(torch.zeros(4)) for n in range(100)}
    assert drawn == {0, 1, 2, 3}

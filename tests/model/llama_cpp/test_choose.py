"""The settings mean to llama.cpp's logits what they mean to those of the local engine."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from promptbench.model.llama_cpp.choose import Chooser, log_shares, penalized
from promptbench.model.local import choose as local
from promptbench.record import Sampling

WORDS = 50
LOGITS = np.random.default_rng(3).normal(0, 3, WORDS).astype(np.float32)
DRAWS = 4000


def key(number: int) -> str:
    return f"{number:015x}" + "0" * 49


def drawn(chooser: type, logits: object, sampling: Sampling) -> Counter[int]:
    """How often each token is chosen first, by as many requests."""
    return Counter(chooser(sampling, key(n), [1, 2]).choose(logits) for n in range(DRAWS))


def test_greedy_takes_the_likeliest_and_the_first_of_equals():
    assert Chooser(Sampling(), key(0), []).choose(LOGITS) == int(LOGITS.argmax())
    assert Chooser(Sampling(), key(0), []).choose(np.zeros(9, np.float32)) == 0


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=1.0),
        Sampling(temperature=0.7, top_k=5),
        Sampling(temperature=1.3, top_p=0.8),
        Sampling(temperature=1.0, top_p=0.9, top_k=12, repetition_penalty=1.5),
        Sampling(temperature=1.0, top_p=1e-9),
    ],
)
def test_drawing_takes_the_same_tokens_as_often_as_the_local_engine(sampling: Sampling):
    ours = drawn(Chooser, LOGITS, sampling)
    theirs = drawn(local.Chooser, torch.tensor(LOGITS), sampling)
    distance = sum(abs(ours[token] - theirs[token]) for token in range(WORDS)) / 2 / DRAWS
    assert distance < 0.04
    assert len(ours) <= (sampling.top_k or WORDS)


def test_a_request_draws_the_same_each_time_and_another_one_something_else():
    sampling = Sampling(temperature=2.0)
    several = [
        [chooser.choose(LOGITS) for _ in range(20)]
        for chooser in (Chooser(sampling, key(n), []) for n in (1, 1, 2))
    ]
    assert several[0] == several[1] != several[2]


def test_the_penalty_is_that_of_the_local_engine():
    seen = {3, 9, 17, int(LOGITS.argmax())}
    expected = local.penalized(torch.tensor(LOGITS), seen, 1.7).numpy()
    assert np.allclose(penalized(LOGITS, seen, 1.7), expected, rtol=1e-6)


def test_what_was_written_counts_as_seen():
    sampling = Sampling(repetition_penalty=1e9)
    chooser = Chooser(sampling, key(0), [])
    positive = np.abs(LOGITS) + 1
    assert len({chooser.choose(positive) for _ in range(10)}) == 10


def test_log_probabilities_are_those_of_the_distribution_before_the_settings():
    chooser = Chooser(Sampling(temperature=0.1, top_k=1, repetition_penalty=2.0), key(0), [7])
    expected = torch.tensor(LOGITS).log_softmax(-1)
    assert chooser.logprob(LOGITS, 7) == pytest.approx(float(expected[7]), abs=1e-5)
    assert np.exp(log_shares(LOGITS)).sum() == pytest.approx(1.0)

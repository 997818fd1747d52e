"""Choose an answer's next token from llama.cpp's logits: greedy, or drawn with its own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from promptbench.record import Sampling

Logits = NDArray[np.float32]


class Chooser:
    """One answer's way to choose, with the meaning that the settings have in transformers.

    Its random numbers come from its request alone: the fingerprint covers the seed and the repeat.
    """

    def __init__(self, sampling: Sampling, key: str, prompt: Sequence[int]) -> None:
        """`key` is the request's fingerprint, in hexadecimal."""
        self.sampling = sampling
        self.seen = set(prompt)
        self.random = np.random.default_rng(int(key[:15], 16))

    def choose(self, logits: Logits) -> int:
        """The next token id from logits of shape [vocabulary]."""
        if self.sampling.repetition_penalty != 1.0:
            logits = penalized(logits, self.seen, self.sampling.repetition_penalty)
        token = int(logits.argmax()) if self.sampling.temperature == 0 else self.draw(logits)
        self.seen.add(token)
        return token

    def logprob(self, logits: Logits, token: int) -> float:
        """A token's log-probability, before temperature and penalties."""
        return float(log_shares(logits)[token])

    def draw(self, logits: Logits) -> int:
        """Draw from the softmax over what top-k and top-p leave."""
        ids = np.argsort(-logits, kind="stable")
        if self.sampling.top_k:
            ids = ids[: self.sampling.top_k]
        shares = np.exp(log_shares(logits[ids] / self.sampling.temperature))
        summed = shares.cumsum()
        # Keep the tokens before which less than top_p is gathered: at least the first.
        kept = int((summed - shares < self.sampling.top_p).sum())
        point = self.random.random() * summed[kept - 1]
        index = int(np.searchsorted(summed[:kept], point, side="right"))
        return int(ids[min(index, kept - 1)])


def log_shares(logits: Logits) -> NDArray[np.float64]:
    """Log-probabilities over the vocabulary."""
    wide = logits.astype(np.float64)
    wide -= wide.max()
    shares: NDArray[Any] = wide - np.log(np.exp(wide).sum())
    return shares


def penalized(logits: Logits, seen: set[int], penalty: float) -> Logits:
    """Make tokens that have occurred less likely: divide a positive logit, multiply a negative.

    Source: Keskar et al. 2019 (CTRL), as in transformers' RepetitionPenaltyLogitsProcessor.
    """
    index = np.array(sorted(seen), dtype=np.int64)
    values = logits[index]
    logits = logits.copy()
    logits[index] = np.where(values > 0, values / penalty, values * penalty)
    return logits

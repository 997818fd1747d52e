"""Choose each row's next token: greedy, or sampled with random numbers of the row's own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from promptbench.model.local.row import Ends, Row
from promptbench.record import Request, Sampling


class Chooser:
    """One row's way to choose. Its random numbers come from its request alone.

    So the choice does not depend on the batch, its order, or what was resumed: the request's
    fingerprint covers the seed and the repeat, and seeds the row's generator.
    """

    def __init__(self, sampling: Sampling, key: str, prompt: Sequence[int]) -> None:
        """`key` is the request's fingerprint, in hexadecimal."""
        self.sampling = sampling
        self.seen = set(prompt)
        self.random = torch.Generator()
        self.random.manual_seed(int(key[:15], 16))

    def choose(self, logits: Tensor) -> int:
        """The next token id from logits of shape [vocabulary], fp32 on the CPU."""
        if self.sampling.repetition_penalty != 1.0:
            logits = penalized(logits, self.seen, self.sampling.repetition_penalty)
        token = int(logits.argmax()) if self.sampling.temperature == 0 else self.sample(logits)
        self.seen.add(token)
        return token

    def logprob(self, logits: Tensor, token: int) -> float:
        """A token's log-probability, before temperature and penalties."""
        return float(logits[token] - torch.logsumexp(logits, dim=-1))

    def sample(self, logits: Tensor) -> int:
        """Draw from the softmax over what top-k and top-p leave."""
        ordered, ids = torch.sort(logits / self.sampling.temperature, descending=True, stable=True)
        if self.sampling.top_k:
            ordered, ids = ordered[: self.sampling.top_k], ids[: self.sampling.top_k]
        shares = torch.softmax(ordered.double(), dim=-1)
        summed = shares.cumsum(dim=-1)
        # Keep the tokens before which less than top_p is gathered: at least the first.
        kept = int((summed - shares < self.sampling.top_p).sum())
        point = torch.rand(1, generator=self.random, dtype=torch.float64) * summed[kept - 1]
        index = int(torch.searchsorted(summed[:kept], point, right=True))
        return int(ids[min(index, kept - 1)])


def penalized(logits: Tensor, seen: set[int], penalty: float) -> Tensor:
    """Make tokens that have occurred less likely: divide a positive logit, multiply a negative.

    Source: Keskar et al. 2019 (CTRL), as in transformers' RepetitionPenaltyLogitsProcessor.
    """
    index = torch.tensor(sorted(seen))
    logits = logits.clone()
    values = logits[index]
    logits[index] = torch.where(values > 0, values / penalty, values * penalty)
    return logits


def begin(request: Request, ends: Ends, before: Sequence[int] | None = None) -> Row:
    """A request's row before its first token.

    `before` is what the output continues and may be penalized for repeating: the prompt by default.
    """
    seen = request.encoded.ids if before is None else before
    return Row(request, Chooser(request.sampling, request.key, seen), ends)

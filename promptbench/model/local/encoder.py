"""Choose with a BERT: requests in, chosen labels out, by a word for the mask or by the head."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from promptbench.error import RunError
from promptbench.model.local.batch import PADDED, by_length
from promptbench.model.local.chosen import Chosen, Heard, choose
from promptbench.model.local.config import head_of
from promptbench.model.local.head import outputs
from promptbench.model.local.mask import word_tokens
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.record import Choice, Request

WINDOW = 2048  # requests looked at together to sort them by length
MAX_ROWS = 32
MAX_TOKENS = 16_384  # rows x longest prompt of a batch


class EncoderEngine:
    """Batches of similar length. What a row comes to does not depend on the rows beside it."""

    def __init__(self, model: Any, tokenizer: Tokenizer) -> None:
        """`model` is a transformers ...ForMaskedLM or ...ForSequenceClassification."""
        self.model = model
        self.tokenizer = tokenizer
        self.config = model.config.to_dict()
        self.cloze = head_of({"architectures": [type(model).__name__]}) == "cloze"
        self.padding: int | None = getattr(model.config, "pad_token_id", None)
        self.alike = model.config.model_type not in PADDED or self.padding is None
        # A head that looks for a text's last token needs padding to find it, or a single row.
        self.rows = 1 if self.padding is None else MAX_ROWS

    @torch.inference_mode()
    def run(self, requests: Iterable[Request], listen: object = None) -> Iterator[list[Chosen]]:
        """Yield decided requests, a batch at a time. The seconds of each are its share.

        There is nothing to `listen` to, for an encoder does not write.
        A cloze's prompts must have been `masked`. Raises RunError if the model computes no usable
        numbers, and ModelError for labels that it cannot tell apart.
        """
        waiting = iter(requests)
        while window := list(islice(waiting, WINDOW)):
            lengths = [len(request.encoded.ids) for request in window]
            for batch in by_length(lengths, self.rows, MAX_TOKENS, self.alike):
                yield self.decide([window[i] for i in batch])

    def decide(self, requests: Sequence[Request]) -> list[Chosen]:
        """Run one batch."""
        started = time.perf_counter()
        scores = self.scores([request.encoded.ids for request in requests])
        read = self.read_word if self.cloze else self.read_label
        found = [read(request, row) for request, row in zip(requests, scores, strict=True)]
        share = (time.perf_counter() - started) / len(found)
        for one in found:
            one.seconds = share
        return found

    def scores(self, prompts: Sequence[Sequence[int]]) -> Tensor:
        """Log-softmax over the vocabulary at the mask, or over the head's labels: [rows, ...]."""
        ids, real = padded(prompts, self.padding or 0)
        device = self.model.device
        inputs = {"input_ids": ids.to(device), "attention_mask": real.to(device)}
        if self.cloze:
            mask = self.tokenizer.inner.mask_token_id
            places = torch.tensor([list(prompt).index(mask) for prompt in prompts])
            logits = logits_at(self.model, inputs, places)
        else:
            logits = self.model(**inputs).logits
        logits = logits.float().cpu()
        require_finite(logits)
        return logits.log_softmax(dim=-1)

    def read_word(self, request: Request, scores: Tensor) -> Chosen:
        """A cloze's answer. A token that stands for two words of a label counts once."""
        choice = choice_of(request)
        heard = []
        for tokens in word_tokens(choice, request.encoded.text, self.tokenizer):
            fresh = [token not in tokens[:i] for i, token in enumerate(tokens)]
            totals = [
                float(scores[token]) if new else float("-inf")
                for token, new in zip(tokens, fresh, strict=True)
            ]
            heard.append([Heard(total, 1) for total in totals])
        return choose(request, heard)

    def read_label(self, request: Request, scores: Tensor) -> Chosen:
        """A head's answer, in which the labels' words play no part."""
        order = outputs(choice_of(request), self.config)
        return Chosen(request, tuple(float(scores[i]) for i in order), 0)


def choice_of(request: Request) -> Choice:
    """The request's labels."""
    if request.sampling.choice is None:
        raise ValueError("an encoder cannot write: the request must be a choice")
    return request.sampling.choice


def padded(prompts: Sequence[Sequence[int]], padding: int) -> tuple[Tensor, Tensor]:
    """Token ids, padded on the right, and 1 where a token is real: both [rows, longest]."""
    width = max(map(len, prompts))
    ids = torch.tensor([[*prompt, *([padding] * (width - len(prompt)))] for prompt in prompts])
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    return ids, (torch.arange(width)[None] < lengths[:, None]).long()


def logits_at(model: Any, inputs: dict[str, Tensor], places: Tensor) -> Tensor:
    """A masked-LM's logits at one place of each row: [rows, vocabulary].

    Its head is shown only these places: over all the tokens of a batch it would take gigabytes.
    """
    rows = torch.arange(len(places))

    def narrow(module: Any, arguments: Any, output: Any) -> None:
        if getattr(output, "last_hidden_state", None) is not None:
            output.last_hidden_state = output.last_hidden_state[rows, places][:, None]

    hook = model.base_model.register_forward_hook(narrow)
    try:
        logits: Tensor = model(**inputs).logits
    finally:
        hook.remove()
    # A model without a part of its own below the head has computed them all.
    return logits[:, 0] if logits.shape[1] == 1 else logits[rows, places]


def require_finite(logits: Tensor) -> None:
    """Raises RunError for numbers that nothing can be made of."""
    if not torch.isfinite(logits).all():
        raise RunError(
            "the model computes numbers that are not finite (NaN or infinity)",
            hint="Its weights are damaged or training diverged: no output can be scored.",
        )

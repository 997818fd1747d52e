"""What each family of transformers learns from plain text: documents in, examples out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from promptbench.error import DataError, ModelError
from promptbench.model.protocol import Family
from promptbench.pretrain.block import Ids, joined, order, overlapping, whole
from promptbench.pretrain.corrupt import Example, longest, masks, spans
from promptbench.pretrain.vocabulary import SENTINELS

Make = Callable[[Ids, np.random.Generator], Example]
# Of the gaps in a text that a loss is measured on: the same ones for every model and seed.
MEASURE_SEED = 20200130


class Task:
    """Next tokens for a decoder, spans for an encoder-decoder, masks for an encoder."""

    def __init__(self, family: Family, tokenizer: Any, context: int) -> None:
        """`tokenizer` has the special tokens that the family needs."""
        self.family = family
        self.tokenizer = tokenizer
        refuse_lacking(family, tokenizer)
        ends = (tokenizer.eos_token_id, tokenizer.sep_token_id)
        self.boundary = next(i for i in ends if i is not None)
        self.length = self.longest_block(context)
        self.make = self.maker()

    @property
    def predicts_all(self) -> bool:
        """Whether every token is predicted, so that the loss tells the bits of the whole text."""
        return self.family == "decoder-only"

    def longest_block(self, context: int) -> int:
        """Tokens of plain text in an example."""
        if self.family == "encoder-decoder":
            return longest(context)
        return context - 2 if self.family == "encoder-only" else context

    def maker(self) -> Make:
        """From a block to an example; a decoder's labels are its inputs, shifted by the model."""
        if self.family == "encoder-decoder":
            sentinels = np.asarray(self.tokenizer.convert_tokens_to_ids(list(SENTINELS)))
            return lambda ids, draw: spans(ids, sentinels, self.boundary, draw)
        if self.family == "encoder-only":
            begin, end = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
            usual = (max(self.tokenizer.all_special_ids) + 1, len(self.tokenizer))
            mask = self.tokenizer.mask_token_id
            return lambda ids, draw: masks(np.concatenate([[begin], ids, [end]]), mask, usual, draw)
        return lambda ids, draw: Example(ids, ids)

    def joined(self, texts: Sequence[str]) -> Ids:
        """Texts as one row of tokens, a boundary around each."""
        return joined(texts, self.tokenizer, self.boundary)

    def measured(self, texts: Sequence[str]) -> list[Example]:
        """The examples that a loss on texts is measured with, always the same."""
        ids = self.joined(texts)
        if self.predicts_all:
            return [Example(block, block) for block in overlapping(ids, self.length)]
        return [
            self.make(block, np.random.default_rng((MEASURE_SEED, number)))
            for number, block in enumerate(overlapping(ids, self.length))
            if len(block) >= 8
        ]


def refuse_lacking(family: Family, tokenizer: Any) -> None:
    """Raises ModelError for a tokenizer without the special tokens that its family's task needs."""
    needed = {
        "encoder-decoder": ("</s>", *SENTINELS),
        "encoder-only": (tokenizer.mask_token, tokenizer.cls_token, tokenizer.sep_token),
    }.get(family, (tokenizer.eos_token,))
    lacking = [t for t in needed if t is None or t not in tokenizer.get_vocab()]
    if lacking:
        raise ModelError(
            f"the tokenizer has no token '{lacking[0] or 'for an end or a mask'}'",
            hint=f"Plain text is measured for {family} models that were pretrained on such tokens;"
            " --suite needs none.",
        )


class Stream:
    """The training's examples as a dataset: example n follows from the seed and n alone.

    So a training that was stopped goes on with exactly the examples that it would have had.
    """

    def __init__(self, task: Task, ids: Ids, examples: int, seed: int) -> None:
        """`ids` are the whole text. Raises DataError if they do not fill two blocks."""
        self.blocks = whole(ids, task.length)
        if len(self.blocks) < 2:
            raise DataError(
                f"the text is {len(ids):,} tokens, too few for blocks of {task.length}",
                hint="Give more text, or a smaller --context.",
            )
        self.tokens = examples * task.length
        self.make = task.make
        self.seed = seed
        self.order = order(len(self.blocks), examples, seed)

    def __len__(self) -> int:
        """How many examples the training reads."""
        return len(self.order)

    def __getitem__(self, number: int) -> Example:
        """Example `number`."""
        block = self.blocks[int(self.order[number])]
        return self.make(block, np.random.default_rng((self.seed, 1, number)))


def collate(examples: Sequence[Example]) -> dict[str, Any]:
    """A batch: all examples of a training are of one length, so nothing is padded."""
    import torch

    return {
        "input_ids": torch.from_numpy(np.stack([e.inputs for e in examples])),
        "labels": torch.from_numpy(np.stack([e.labels for e in examples])),
    }

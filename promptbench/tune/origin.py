"""What a training starts from: a model that was named, as far as it is read without its weights."""

from __future__ import annotations

from dataclasses import dataclass

from promptbench.model.local.checkpoint import Checkpoint
from promptbench.model.local.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Origin:
    """A model's spec, its folder looked into, and its tokenizer."""

    spec: str
    checkpoint: Checkpoint
    tokenizer: Tokenizer

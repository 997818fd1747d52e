"""What a model forgets while it learns: its loss on questions that have nothing to do with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from promptbench.error import ModelError
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.model.protocol import Family
from promptbench.record import Message
from promptbench.tune.example import Example, end_token


@dataclass(frozen=True, slots=True)
class Probe:
    """A question and the answer to it, of a `source` named in probe/SOURCE.md."""

    source: str
    question: str
    answer: str


def probes(known: Sequence[str]) -> list[Probe]:
    """The probes whose question or answer none of the suite's texts in `known` holds."""
    file = resources.files("promptbench.tune") / "probe" / "general.jsonl"
    found = [Probe(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]
    held = {bare(text) for text in known}
    return [one for one in found if not held & {bare(one.question), bare(one.answer)}]


def bare(text: str) -> str:
    """A text in lower case with single spaces."""
    return " ".join(text.casefold().split())


def probe_examples(
    found: Sequence[Probe], tokenizer: Tokenizer, family: Family, context: int
) -> list[Example]:
    """Probes as examples of a model that writes; what does not fit a tiny one is left out."""
    examples = []
    for number, one in enumerate(found):
        try:
            encoded = tokenizer.encode((Message("user", one.question),))
            if family == "decoder-only":
                (answer,) = tokenizer.continue_with(encoded, [one.answer])
            else:
                answer = tuple(tokenizer.bare(one.answer))
        except ModelError:  # a template or a small vocabulary that has no words for it
            continue
        example = Example(f"probe {number}", encoded.ids, (*answer, end_token(tokenizer)))
        if not context or example.tokens <= context:
            examples.append(example)
    return examples

"""What a training learns from and watches: the cases, or dialogues, of a suite as examples."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from promptbench.model.local.tokenizer import Tokenizer
from promptbench.record import Case, Message
from promptbench.run.examples import pool
from promptbench.suite.stated import Suite
from promptbench.tune.dialogue import known_dialogues, train_dialogues
from promptbench.tune.example import (
    Example,
    Rendering,
    decoder_examples,
    head_examples,
    seq2seq_examples,
)
from promptbench.tune.origin import Origin
from promptbench.tune.talk import Talks, talks_for

BUILDERS: dict[str, Callable[[Sequence[Case], Rendering, Tokenizer, int], list[Example]]] = {
    "decoder-only": decoder_examples,
    "encoder-decoder": seq2seq_examples,
    "encoder-only": head_examples,
}

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Draw:
    """So many cases or dialogues, drawn by a seed; None takes all."""

    limit: int | None
    seed: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """Examples to learn from and, of the dev split, to watch.

    `cases` are those of train, of a dialogue its last turn; `talks` are the dialogues of a chat.
    """

    rendering: Rendering
    cases: tuple[Case, ...]
    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    talks: Talks | None = None

    @property
    def prompts(self) -> Iterator[tuple[Message, ...]]:
        """Every prompt that is trained on, as a run sends it, in the order of the examples."""
        return self.talks.prompts() if self.talks else map(self.rendering.messages, self.cases)


def case_lesson(
    suite: Suite, rendering: Rendering, dev: Sequence[Case], draw: Draw, origin: Origin
) -> Lesson:
    """The cases that have an answer. Raises DataError and ModelError for one that cannot be."""
    labelled = labelled_cases(suite, rendering.template.names)
    cases = drawn([case for case in labelled if not rendering.is_shot(case)], draw)
    watched = [case for case in dev if case.references]
    build, context = BUILDERS[origin.checkpoint.family], origin.checkpoint.context
    return Lesson(
        rendering,
        tuple(cases),
        tuple(build(cases, rendering, origin.tokenizer, context)),
        tuple(build(watched, rendering, origin.tokenizer, context)),
    )


def dialogue_lesson(
    suite: Suite, rendering: Rendering, dev: Sequence[Case], draw: Draw, origin: Origin
) -> Lesson:
    """The dialogues of a chat whose replies are known.

    Raises DataError for one of train whose replies are not, and ModelError as case_lesson does.
    """
    talks = talks_for(suite, rendering, origin)
    train = replace(talks, dialogues=tuple(drawn(train_dialogues(suite, rendering.is_shot), draw)))
    watched = replace(talks, dialogues=tuple(known_dialogues(suite, dev)))
    return Lesson(
        rendering,
        tuple(each.whole for each in train.dialogues),
        train.examples(origin),
        watched.examples(origin),
        train,
    )


def labelled_cases(suite: Suite, names: Collection[str]) -> list[Case]:
    """The train cases that have an answer, and that no other split holds too."""
    return [case for case in pool(suite, names) if case.references]


def drawn(things: Sequence[Thing], draw: Draw) -> list[Thing]:
    """What is drawn, where that is less than all: a larger draw begins with the smaller one."""
    if draw.limit is None or draw.limit >= len(things):
        return list(things)
    return shuffled(things, draw.seed)[: draw.limit]


def shuffled(things: Sequence[Thing], seed: int) -> list[Thing]:
    """Some things in the order in which a seed draws them."""
    order = list(things)
    random.Random(f"draw {seed}").shuffle(order)
    return order

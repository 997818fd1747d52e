"""A model without weights: requests in, words that follow from each request alone out.

As a program, `python tests/fake.py run suites/mail.yaml`, it is the command line with this model
registered as `fake:`; $FAKE_MODEL then holds its Behaviour as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

from promptbench.error import RunError
from promptbench.model.protocol import ModelInfo, Setup, TokenSpan
from promptbench.record import Choice, Completion, Encoded, Message, Request, Sampling

WORDS = ["the", "meeting", "is", "on", "friday", "bring", "notes", "to", "room", "five"]
TOKEN = re.compile(r"\w+|<(?:system|user|assistant)>|[^\w\s]")


@dataclass
class Behaviour:
    """How the models of a backend behave; a test may change it at any time.

    It says so many `words` at least and at most, else 5 to 12. `order` seeds the shuffling of the
    answers, of which it takes `window` at a time (0: all); `failing` are texts whose requests end
    in an error, and `broken` is raised once `breaks_after` batches are out.
    """

    batch: int = 3
    context: int = 0
    words: tuple[int, int] | None = None
    delay: float = 0.0
    order: int = 0
    window: int = 0
    weights: str = ""
    failing: tuple[str, ...] = ()
    breaks_after: int | None = None
    broken: BaseException = field(default_factory=lambda: RunError("the fake model broke"))


class FakeModel:
    """Behind the Model protocol. What it was asked for is noted in the backend's `asked`."""

    def __init__(self, spec: str, backend: FakeBackend) -> None:
        """Two specs are two models."""
        self.backend = backend
        behaviour = backend.behaviour
        identity = hashlib.sha256(f"{spec} {behaviour.weights}".encode()).hexdigest()
        context = behaviour.context
        self.info = ModelInfo(
            spec, identity, "decoder-only", "fake", 1000, context, "fake", chooses=True
        )

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """A token a word, and one for each role."""
        turns = "".join(f"<{m.role}>\n{m.text}\n" for m in messages)
        text = f"{turns}<assistant>\n"
        ids = tuple(map(number, TOKEN.findall(text)))
        return Encoded(text, ids, len(ids))

    def tokens(self, encoded: Encoded) -> list[TokenSpan]:
        """See Model."""
        return [
            TokenSpan(found[0], found.start(), found.end(), found[0].startswith("<"))
            for found in TOKEN.finditer(encoded.text)
        ]

    def room(self, sampling: Sampling) -> int:
        """See Model."""
        return 0 if sampling.choice else sampling.max_tokens

    def release(self) -> None:
        """There is nothing to let go of."""

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """Answer in a shuffled order, a batch at a time."""
        coming = iter(requests)
        window = self.backend.behaviour.window or None
        while waiting := list(islice(coming, window)):
            yield from self.answers(waiting)

    def answers(self, waiting: list[Request]) -> Iterator[list[Completion]]:
        """Answer what is waiting."""
        behaviour = self.backend.behaviour
        random.Random(behaviour.order).shuffle(waiting)
        for start in range(0, len(waiting), behaviour.batch):
            if self.backend.batches == behaviour.breaks_after:
                raise behaviour.broken
            time.sleep(behaviour.delay)
            batch = waiting[start : start + behaviour.batch]
            self.backend.batches += 1
            self.backend.asked += [request.key for request in batch]
            yield [complete(request, behaviour.failing, behaviour.words) for request in batch]


@cache
def number(token: str) -> int:
    """A token's id."""
    return zlib.crc32(token.encode())


@dataclass
class FakeBackend:
    """Opens fake models, and knows all keys that they were asked for, in order."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    asked: MutableSequence[str] = field(default_factory=list)
    batches: int = 0

    def __call__(self, spec: str, setup: Setup) -> FakeModel:
        """The opener that BACKENDS wants."""
        return FakeModel(spec, self)


def complete(
    request: Request, failing: Sequence[str] = (), words: tuple[int, int] | None = None
) -> Completion:
    """The answer to a request, or its error."""
    length = request.encoded.tokens
    if any(text in request.encoded.text for text in failing):
        return Completion(request.key, "", length, 0, "", 0.25, error="the fake model failed")
    if request.sampling.choice:
        return chosen(request, request.sampling.choice)
    said = answer(request) if words is None else answer(request, *words)
    return Completion(request.key, " ".join(said), length, len(said), "stop", 0.25)


def chosen(request: Request, choice: Choice) -> Completion:
    """A choice: a label is the likelier for each of its words that the prompt holds."""
    draw = random.Random(json.dumps([request.encoded.text, request.sampling.canonical()]))
    text = request.encoded.text
    found = tuple(draw.uniform(-4, -3) + sum(w in text for w in words) for words in choice.words)
    label = choice.labels[found.index(max(found))]
    return Completion(request.key, label, request.encoded.tokens, 0, "choice", 0.25, choices=found)


def answer(request: Request, fewest: int = 5, most: int = 12) -> list[str]:
    """Words drawn with what the model sees as the seed; greedy does not know of repeats."""
    sampling = request.sampling
    repeat = request.repeat if sampling.temperature else 0
    seen = [request.encoded.text, sampling.canonical(), repeat]
    draw = random.Random(json.dumps(seen, sort_keys=True))
    return draw.choices(WORDS, k=min(sampling.max_tokens, draw.randint(fewest, most)))


def program() -> None:
    """The command line with this model in it."""
    from promptbench.cli.main import main
    from promptbench.model.spec import BACKENDS

    behaviour = Behaviour(**json.loads(os.environ.get("FAKE_MODEL", "{}")))
    # Nobody looks at what a program was asked.
    BACKENDS["fake"] = FakeBackend(behaviour, deque(maxlen=0))
    main()


if __name__ == "__main__":
    program()

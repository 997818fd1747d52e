"""A model whose requests are answered by a crew: what it is, is told here; weights load there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from promptbench.model.cluster.crew import Crew
from promptbench.model.cluster.worker import Job
from promptbench.model.protocol import Model, Setup, TokenSpan
from promptbench.record import Completion, Encoded, Message, Request, Sampling


class SpreadModel:
    """Behind the Model protocol: the model of this process, whose weights never load."""

    def __init__(self, model: Model, setup: Setup, crew: Crew) -> None:
        """Nothing starts before the first request."""
        self.model = model
        self.info = model.info
        self.crew = crew
        self.notify = setup.notify
        self.job = Job(
            spec=model.info.spec,
            identity=model.info.identity,
            folder=setup.folder,
            max_memory=setup.max_memory,
            device=setup.device,
            precision=setup.precision,
        )

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """See Model."""
        return self.model.encode(messages)

    def tokens(self, encoded: Encoded) -> list[TokenSpan]:
        """See Model."""
        return self.model.tokens(encoded)

    def room(self, sampling: Sampling) -> int:
        """See Model."""
        return self.model.room(sampling)

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """See Model. What a lost worker has handed over is not asked again."""
        yield from self.crew.stream(self.job, requests, self.notify)

    def release(self) -> None:
        """See Model."""
        self.crew.release()

"""What runs in a worker: it opens the models that it is sent requests for, and answers."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from promptbench.error import ModelError, PromptbenchError, RunError
from promptbench.model.protocol import Model, Setup
from promptbench.record import Completion, Request


@dataclass(frozen=True, slots=True)
class Job:
    """A model as a worker opens it; it must come out as the very one that the run opened."""

    spec: str
    identity: str
    folder: Path
    max_memory: int | None
    device: str
    precision: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error that ends the run, in parts that travel."""

    kind: str
    what: str
    where: str
    hint: str

    def error(self) -> PromptbenchError:
        """The error as it was raised."""
        kind = ModelError if self.kind == ModelError.__name__ else RunError
        return kind(self.what, where=self.where, hint=self.hint)


def trouble(error: PromptbenchError) -> Trouble:
    """An error in parts."""
    return Trouble(type(error).__name__, error.what, error.where, error.hint)


class Worker:
    """Holds one model at a time."""

    def __init__(self) -> None:
        """No model yet."""
        self.job: Job | None = None
        self.model: Model | None = None

    def pid(self) -> int:
        """The worker's process."""
        return os.getpid()

    def answer(self, job: Job, requests: Sequence[Request]) -> Iterator[list[Completion] | Trouble]:
        """Completions as the model hands them over; what ends the run comes last."""
        try:
            yield from self.opened(job).stream(requests)
        except PromptbenchError as error:
            yield trouble(error)

    def opened(self, job: Job) -> Model:
        """The job's model. Raises ModelError if it is not here, RunError if it is another one."""
        from promptbench.model.spec import open_model

        if self.model is None or self.job != job:
            self.release()
            setup = Setup(
                job.folder,
                max_memory=job.max_memory,
                device=job.device,
                precision=job.precision,
            )
            model = open_model(job.spec, setup)
            if model.info.identity != job.identity:
                raise RunError(
                    f"'{job.spec}' on {platform.node()} is not the model that the run has opened",
                    hint="Weights, tokenizer, device and promptbench must be the same on every"
                    " machine; what was stored is kept.",
                )
            self.job, self.model = job, model
        return self.model

    def release(self) -> None:
        """Let go of the model."""
        if self.model is not None:
            self.model.release()
        self.job = self.model = None

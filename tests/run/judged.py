"""A workspace whose suite has judges, and models that judge: a function of the request answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from promptbench.model.protocol import Setup
from promptbench.record import Completion, Request
from tests.fake import FakeBackend, FakeModel
from tests.run.workspace import Workspace

METRICS = """\
metrics:
  - rougeL
  - judge:
      name: helpful
      model: judge:one
      rubric: 5 = says what is asked of whom
      fields: [body]
"""
PAIR = """\
  - judge:
      name: preferred
      model: judge:one
      against: {against}
      criterion: Which is clearer?
"""


def rating(request: Request) -> str:
    """A number that follows from what is asked."""
    return f" {1 + sum(request.encoded.ids) % 5}"


@dataclass
class JudgeBackend(FakeBackend):
    """Opens judges: `say` answers what is to be written, in `seen` stands all that was asked."""

    say: Callable[[Request], str] = rating
    seen: list[Request] = field(default_factory=list)
    writes: bool = True
    chooses: bool = True

    def __call__(self, spec: str, setup: Setup) -> FakeModel:
        """The opener that BACKENDS wants."""
        return JudgeModel(spec, self)


class JudgeModel(FakeModel):
    """A fake model whose words are those of its backend."""

    backend: JudgeBackend

    def __init__(self, spec: str, backend: JudgeBackend) -> None:
        """A judge may be unable to do this or that."""
        super().__init__(spec, backend)
        self.info = replace(self.info, writes=backend.writes, chooses=backend.chooses)

    def stream(self, requests: Iterable[Request]) -> Iterator[list[Completion]]:
        """See Model."""
        asked = {request.key: request for request in requests}
        self.backend.seen += asked.values()
        for batch in super().stream(asked.values()):
            yield [self.said(done, asked[done.key]) for done in batch]

    def said(self, done: Completion, request: Request) -> Completion:
        """The answer in the words of the backend."""
        if done.error or request.sampling.choice:
            return done
        return replace(done, text=self.backend.say(request))


def with_judges(workspace: Workspace, *more: str) -> Workspace:
    """Give the workspace's suite a judge, and more metrics."""
    old = "metrics:\n  - rougeL\n  - words: {max: 8}\n"
    workspace.edit("suites/mail.yaml", old, METRICS + "".join(more))
    return workspace

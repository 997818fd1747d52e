"""Make questions: a text for a case and a metric in, requests for a model out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from promptbench.error import ModelError
from promptbench.metric.ask import AskingMetric, Question, Subject
from promptbench.model.protocol import Model
from promptbench.record import Message, Request, Score
from promptbench.run.fingerprint import fingerprint
from promptbench.run.jury import rival_of
from promptbench.run.plan import Plan
from promptbench.run.told import Heard, told
from promptbench.store.cell import Cell


@dataclass(frozen=True, slots=True)
class Item:
    """A score to find: of a candidate's output, or of a `control`, for which `candidate` is None.

    `keys` are the fingerprints of its questions.
    """

    metric: AskingMetric
    candidate: int | None
    case: int
    repeat: int
    control: str = ""
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """What questions are made from: the plan, and the texts of the cells that have one.

    Of a chat, `sent` gives the messages that a cell's reply answered, `said` what came before.
    """

    plan: Plan
    texts: Mapping[Cell, str]
    sent: Callable[[Cell], tuple[Message, ...]] | None = None
    said: Heard = field(default_factory=dict)

    def subject(self, item: Item) -> Subject:
        """What an item is about."""
        case = self.plan.cases[item.case]
        rival = self.rival(item)
        if item.candidate is None:
            return Subject(item.metric.controls(case, True)[item.control], case, (), rival)
        ready, cell = self.plan.ready[item.candidate], (item.candidate, item.case, item.repeat)
        if self.sent is None:
            sent = ready.messages(case)
        else:
            case, sent = told(self.plan, cell, self.said), self.sent(cell)
        return Subject(self.texts[cell], case, sent, rival)

    def rival(self, item: Item) -> str | None:
        """What the other candidate says, if the metric compares with one."""
        if not item.metric.rival:
            return None
        candidates = [ready.candidate for ready in self.plan.ready]
        other = rival_of(candidates, item.candidate, item.metric.rival)
        return self.texts.get((other, item.case, item.repeat))

    def model(self, item: Item) -> Model:
        """Who is asked."""
        if item.metric.asks:
            return self.plan.jury[item.metric.asks]
        return self.plan.ready[item.candidate or 0].model

    def requests(self, item: Item) -> list[Request] | Score:
        """The questions as requests, or the score where nothing can or need be asked."""
        questions = item.metric.questions(self.subject(item))
        if isinstance(questions, Score):
            return questions
        try:
            return [self.request(item, question) for question in questions]
        except ModelError as error:
            return Score(item.metric.info.name, None, error.what)

    def request(self, item: Item, question: Question) -> Request:
        """One question for its model. Raises ModelError if it does not fit: nothing is cut off."""
        model = self.model(item)
        encoded = model.encode(question.messages)
        context = model.info.context
        over = encoded.tokens + model.room(question.sampling) - context
        if context and over > 0:
            raise ModelError(
                f"the question does not fit {model.info.spec}: it needs {over:,} tokens more than"
                f" the context of {context:,}"
            )
        key = fingerprint(
            model.info.identity, encoded, question.messages, question.sampling, question.repeat
        )
        return Request(key, question.messages, encoded, question.sampling, question.repeat)

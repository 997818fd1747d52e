"""Carry out a chat: many dialogues side by side, a turn of all of them in one batch.

What a turn asks depends on what was said before, so its request is made when its turn comes. It has
a fingerprint like any other: what the store has is not asked again, so a dialogue that was
interrupted is walked through from its beginning and asks only for the rest.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Protocol

from promptbench.dialogue.memory import Nearby
from promptbench.dialogue.player import next_words
from promptbench.dialogue.summary import summary_question, unsummed
from promptbench.metric.ask import Question
from promptbench.model.embedder import open_embedder
from promptbench.model.protocol import Model, Notify, quiet
from promptbench.record import Case, Completion, Message, Request, Sampling, Turn
from promptbench.run.batch import now, refuse_strangers
from promptbench.run.fingerprint import fingerprint
from promptbench.run.plan import Plan
from promptbench.run.slot import Slot
from promptbench.run.talk import Talk, replies_left, talks_of
from promptbench.store.answer import answers, reuse_answers
from promptbench.store.database import Store
from promptbench.store.turn import PlacedTurn, link_replies, save_replies
from promptbench.suite.chat import ChatSpec

# Dialogues that go on side by side: a local engine keeps what was read of each.
TOGETHER = 32


class Listener(Protocol):
    """Is told how a chat goes on."""

    def found(self, number: int) -> None:
        """So many replies need not be generated: they are stored, or cannot be asked for."""
        ...


@dataclass(slots=True)
class Asked:
    """One question of a dialogue, or the request for its reply."""

    talk: Talk
    request: Request
    turn: Turn | None = None


@dataclass(slots=True)
class Room:
    """Some dialogues that go on together. `heard` are all answers so far, by fingerprint."""

    plan: Plan
    store: Store
    run_id: str
    talks: Sequence[Talk]
    nearby: Nearby
    listener: Listener | None = None
    heard: dict[str, Completion] = field(default_factory=dict)

    @property
    def chat(self) -> ChatSpec:
        """What the suite says of dialogues."""
        return self.plan.suite.chat or ChatSpec()

    def run(self) -> Iterator[list[Completion]]:
        """Go through all turns; yield each batch of replies once it is stored."""
        while any(talk.goes_on for talk in self.talks):
            self.pass_over_given()
            live = [talk for talk in self.talks if talk.goes_on]
            self.let_users_speak(live)
            self.sum_up([talk for talk in live if not talk.failed])
            yield from self.reply([talk for talk in live if not talk.failed])

    def pass_over_given(self) -> None:
        """Go on to the first turn that a model answers: so the dialogues meet there."""
        turns = []
        for talk in self.talks:
            while talk.goes_on and talk.given:
                talk.said = str(talk.script[talk.number - 1]["user"])
                case = talk.case(self.chat.rules)
                turns.append(placed(talk, talk.turn(talk.given, case)))
                talk.hear(talk.given)
        if turns:
            link_replies(self.store, self.run_id, {}, turns)

    def let_users_speak(self, talks: Sequence[Talk]) -> None:
        """What each user says now: as the data has it, or as a model plays it."""
        asked = []
        for talk in talks:
            talk.said = str(talk.script[talk.number - 1]["user"])
            if not talk.said and self.chat.user and self.plan.player:
                variables = talk.longest.variables
                question = next_words(self.chat.user, variables, talk.past, talk.repeat)
                asked.append(self.asked(talk, self.plan.player, question))
        for one, answer in self.answers(self.plan.player, asked):
            one.talk.said = answer.text or "..."

    def sum_up(self, talks: Sequence[Talk]) -> None:
        """Bring the summaries up to date, each by the model that will read it."""
        asked = []
        for talk in talks:
            if new := unsummed(talk.memory, talk.past, talk.covered):
                question = summary_question(talk.memory, talk.summary, new)
                question = replace(question, repeat=talk.repeat)
                asked.append(self.asked(talk, talk.ready.model, question))
                talk.covered += len(new)
        for one, answer in self.answers(talks[0].ready.model if talks else None, asked):
            one.talk.summary = answer.text
            one.talk.memory_tokens = answer.prompt_tokens + answer.output_tokens

    def reply(self, talks: Sequence[Talk]) -> Iterator[list[Completion]]:
        """Let the models reply, and write down the turn of every dialogue."""
        if not talks:
            return
        asked = [self.asked_reply(talk, talk.case(self.chat.rules)) for talk in talks]
        yield from self.obtain(talks[0].ready.model, asked, replying=True)
        for one in asked:
            done = self.heard.get(one.request.key)
            if done is None:
                one.talk.failed = True
            else:
                one.talk.missing.discard(one.talk.number)
                one.talk.hear(done.text)

    def asked_reply(self, talk: Talk, case: Case) -> Asked:
        """The request for a dialogue's next reply."""
        recalled = talk.recall(case, self.nearby)
        sampling = talk.ready.candidate.sampling
        messages = talk.messages(case, recalled)
        request = request_for(talk.ready.model, messages, sampling, talk.repeat, talk.session)
        turn = replace(
            talk.turn("", case),
            key=request.key,
            kept=recalled.numbers,
            summary=recalled.summary,
            memory_tokens=talk.memory_tokens,
        )
        return Asked(talk, request, turn)

    def asked(self, talk: Talk, model: Model, question: Question) -> Asked:
        """A question of a dialogue that is not its reply."""
        request = request_for(model, question.messages, question.sampling, question.repeat)
        return Asked(talk, request)

    def answers(
        self, model: Model | None, asked: Sequence[Asked]
    ) -> Iterator[tuple[Asked, Completion]]:
        """Ask, and yield what was answered; a dialogue whose question failed goes on no more."""
        if model is None or not asked:
            return
        for _ in self.obtain(model, asked, replying=False):
            pass
        for one in asked:
            done = self.heard.get(one.request.key)
            if done is None:
                one.talk.failed = True
            else:
                yield one, done

    def obtain(
        self, model: Model, asked: Sequence[Asked], replying: bool
    ) -> Iterator[list[Completion]]:
        """Have every request answered that the store has no answer to; yield what is stored."""
        owners: dict[str, list[Asked]] = {}
        for one in asked:
            owners.setdefault(one.request.key, []).append(one)
        known = reuse_answers(self.store, self.run_id, list(owners))
        self.heard |= answers(self.store, self.run_id, known)
        if replying:
            cells = {key: [c for one in owners[key] for c in one.talk.cells()] for key in known}
            turns = [t for key in known for t in placed_turns(owners[key], self.heard[key])]
            link_replies(self.store, self.run_id, cells, turns)
        fitting, too_long = {}, []
        for key, (first, *_) in owners.items():
            if key not in known and (problem := excess(model, first.request)):
                too_long.append(failure(first.request, problem))
            elif key not in known:
                fitting[key] = first.request
        if replying and self.listener:
            self.listener.found(len(asked) - len(fitting))
        self.save(owners, {done.key: owners[done.key][0].request for done in too_long}, too_long)
        yield from self.stream(model, fitting, owners)

    def stream(
        self, model: Model, wanted: Mapping[str, Request], owners: Mapping[str, Sequence[Asked]]
    ) -> Iterator[list[Completion]]:
        """Yield each batch once it is stored."""
        if not wanted:
            return
        sent = dict(wanted)
        started = time.monotonic()
        for batch in model.stream(iter(wanted.values())):
            refuse_strangers(batch, sent, model.info.spec)
            self.save(owners, sent, batch)
            for done in batch:
                del sent[done.key]
                if not done.error:
                    self.heard[done.key] = done
            self.store.add_seconds(self.run_id, time.monotonic() - started)
            started = time.monotonic()
            yield batch

    def save(
        self,
        owners: Mapping[str, Sequence[Asked]],
        requests: Mapping[str, Request],
        batch: Sequence[Completion],
    ) -> None:
        """Store a batch. After an error a dialogue says no more: all its cells show that error."""
        if not batch:
            return
        cells = {
            done.key: [
                cell
                for one in owners[done.key]
                if one.turn or done.error
                for cell in one.talk.cells(later=bool(done.error))
            ]
            for done in batch
        }
        turns = [
            turn
            for done in batch
            if not done.error
            for turn in placed_turns(owners[done.key], done)
        ]
        save_replies(self.store, self.run_id, now(), requests, batch, cells, turns)


def converse(
    plan: Plan,
    store: Store,
    run_id: str,
    missing: Sequence[Slot],
    listener: Listener | None = None,
    notify: Notify = quiet,
) -> Iterator[list[Completion]]:
    """Generate what is missing, a model at a time; yield each batch of replies once stored."""
    nearby = Nearby(partial(open_embedder, notify))
    talks = talks_of(plan, missing)
    for _, group in groupby(talks, key=lambda talk: talk.ready.candidate.model):
        same = list(group)
        for start in range(0, len(same), TOGETHER):
            part = same[start : start + TOGETHER]
            yield from Room(plan, store, run_id, part, nearby, listener).run()
        if not plan.options.race:
            same[0].ready.model.release()


def replies_planned(plan: Plan, missing: Sequence[Slot]) -> tuple[int, int]:
    """How many replies a chat has, and how many of them are left if nothing else is stored."""
    whole = sum(map(replies_left, talks_of(plan, plan.slots)))
    return whole, sum(map(replies_left, talks_of(plan, missing)))


def placed_turns(asked: Sequence[Asked], done: Completion) -> Iterator[PlacedTurn]:
    """The turns that a reply makes whole."""
    for one in asked:
        if one.turn is not None:
            said = replace(
                one.turn,
                reply=done.text,
                prompt_tokens=done.prompt_tokens,
                output_tokens=done.output_tokens,
            )
            yield placed(one.talk, said)


def placed(talk: Talk, turn: Turn) -> PlacedTurn:
    """A turn with the positions of its candidate and of its case."""
    case = talk.cases.get(turn.number)
    return talk.place, case[0] if case else None, turn


def request_for(
    model: Model,
    messages: Sequence[Message],
    sampling: Sampling,
    repeat: int,
    session: str = "",
) -> Request:
    """A request with its fingerprint."""
    encoded = model.encode(messages)
    key = fingerprint(model.info.identity, encoded, messages, sampling, repeat)
    return Request(key, tuple(messages), encoded, sampling, repeat, session)


def excess(model: Model, request: Request) -> str:
    """Why a request does not fit its model, "" if it does: nothing is cut off in silence."""
    context = model.info.context
    over = request.encoded.tokens + model.room(request.sampling) - context
    if not context or over <= 0:
        return ""
    return (
        f"the dialogue does not fit {model.info.spec}: it needs {over:,} tokens more than the"
        f" context of {context:,}; a memory such as last:6 leaves out what is old"
    )


def failure(request: Request, problem: str) -> Completion:
    """A request that was never sent."""
    return Completion(request.key, "", request.encoded.tokens, 0, "", 0.0, problem)

"""One live dialogue: what the user says in, the model's reply out, with a memory between turns.

It does for one talk what run/converse.py does for many: the same prompts, memories and tone rules.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from promptbench.chat.fit import SHORTEST, full, missing
from promptbench.chat.persona import STOP, Persona, is_plain
from promptbench.chat.reply import Ending, Reply, Turn
from promptbench.chat.voice import Hear, speak
from promptbench.dialogue.exchange import Exchange, Recalled
from promptbench.dialogue.memory import Nearby, Situation, keep
from promptbench.dialogue.prompt import turn_messages
from promptbench.dialogue.summary import summary_question, unsummed
from promptbench.dialogue.tone import heard
from promptbench.error import InputError, ModelError
from promptbench.model.protocol import Model
from promptbench.record import Case, Completion, Message, Request, Sampling
from promptbench.run.converse import request_for
from promptbench.suite.chat import MemorySpec, ToneRule

# The engine keeps what it has read of this dialogue.
SESSION = "chat"


@dataclass(slots=True)
class Conversation:
    """A talk under way.

    `summary` stands for the first `covered` turns. `pending` was said and not answered ("" if
    nothing), after `attempts` answers that were not wanted.
    """

    model: Model
    persona: Persona
    memory: MemorySpec
    sampling: Sampling
    rules: Sequence[ToneRule]
    nearby: Nearby
    turns: list[Turn] = field(default_factory=list)
    summary: str = ""
    covered: int = 0
    memory_tokens: int = 0
    pending: str = ""
    attempts: int = 0

    @property
    def past(self) -> list[Exchange]:
        """Every turn so far."""
        return [turn.exchange for turn in self.turns]

    def say(self, said: str, hear: Hear) -> Reply | None:
        """Say something and hear the reply; None if the model says nothing.

        Raises InputError for what does not fit, RunError for a model that fails, and
        KeyboardInterrupt if it was stopped before a word: then the talk is as it was, and what was
        said is pending.
        """
        self.pending, self.attempts = said, 0
        return self.answer(hear)

    def again(self, hear: Hear) -> Reply | None:
        """Say again what has no answer, or whose answer is not wanted; see `say`.

        The old answer is kept if there is no new one. Raises InputError if there is nothing.
        """
        old = self.turns[-1] if self.turns and not self.pending else None
        if old:
            self.undo()
            self.pending, self.attempts = old.exchange.user, old.attempts
        if not self.pending:
            raise InputError("nothing was said yet")
        self.attempts += 1
        found = None
        try:
            found = self.answer(hear)
        finally:
            if old and found is None:
                self.turns.append(old)
                self.pending = ""
        return found

    def undo(self) -> Exchange:
        """Take back the last turn, and what a summary took from it. Raises InputError."""
        if not self.turns:
            raise InputError("there is no turn to take back")
        last = self.turns.pop()
        self.summary, self.covered = last.summary, last.covered
        return last.exchange

    def wake(self) -> None:
        """Load the model, and have it read what all its prompts begin with."""
        case = self.case("Hello")
        sampling = Sampling(max_tokens=1)
        messages = self.messages(case, Recalled())
        request = request_for(self.model, messages, sampling, 0, SESSION)
        if missing(self.model, request) <= 0:
            speak(self.model, request, ignore)

    def answer(self, hear: Hear) -> Reply | None:
        """The reply to what is pending."""
        before = self.summary, self.covered
        self.sum_up(lambda _: hear(""))
        case = self.case(self.pending)
        recalled = self.recall(case)
        request = self.request(case, recalled)
        done, ending = self.listen(request, hear)
        if not done.text:
            return None
        number = len(self.turns) + 1
        exchange = Exchange(number, self.pending, done.text)
        self.turns.append(Turn(exchange, self.attempts, *before))
        self.pending = ""
        return Reply(
            text=done.text,
            prompt_tokens=done.prompt_tokens,
            output_tokens=done.output_tokens,
            seconds=done.seconds,
            ending=ending,
            kept=recalled.numbers,
            before=number - 1,
            summary=recalled.summary,
            memory_tokens=self.memory_tokens,
            mood=float(case.variables["mood"]),
            rule=str(case.variables["rule"].get("name", "")),
        )

    def listen(self, request: Request, hear: Hear) -> tuple[Completion, Ending]:
        """The model's words, also those of a reply that was stopped after some."""
        pieces: list[str] = []

        def both(piece: str) -> None:
            hear(piece)
            pieces.append(piece)

        started = time.monotonic()
        try:
            done = speak(self.model, request, both)
        except KeyboardInterrupt:
            text = "".join(pieces).strip()
            if not text:
                raise
            spent = time.monotonic() - started
            return Completion(request.key, text, request.encoded.tokens, 0, "", spent), "stopped"
        return done, "length" if done.finish_reason == "length" else ""

    def sum_up(self, hear: Hear) -> None:
        """Bring the summary up to date; what is too much for one prompt goes in by parts."""
        self.memory_tokens = 0
        while new := list(unsummed(self.memory, self.past, self.covered)):
            request = self.summary_request(new)
            while len(new) > 1 and missing(self.model, request) > 0:
                new = new[: len(new) // 2]
                request = self.summary_request(new)
            if missing(self.model, request) > 0:
                what = f"turn {new[0].number} is too long to be summed up in one prompt"
                raise ModelError(f"{what}; /memory last:6 goes on without a summary, then /retry")
            done = speak(self.model, request, hear)
            self.summary, self.covered = done.text, self.covered + len(new)
            self.memory_tokens += done.prompt_tokens + done.output_tokens

    def summary_request(self, new: Sequence[Exchange]) -> Request:
        """Ask for the summary, with some more turns taken into it."""
        asked = summary_question(self.memory, self.summary, new)
        return request_for(self.model, asked.messages, asked.sampling, asked.repeat)

    def case(self, said: str) -> Case:
        """This turn as a case: what a template sees of it."""
        number = len(self.turns) + 1
        variables = {"user": said, "turn": number} | heard(said, self.rules)
        return Case(f"turn {number}", variables)

    def recall(self, case: Case) -> Recalled:
        """What comes back into this turn's prompt."""
        summary = self.summary if self.memory.kind == "summary" else ""

        def fits(kept: Sequence[Exchange]) -> bool:
            messages = self.messages(case, Recalled(tuple(kept), summary))
            return self.model.encode(messages).tokens <= self.memory.size

        now = Situation(self.past, str(case.variables["user"]), fits, self.nearby)
        return Recalled(keep(self.memory, now), summary)

    def messages(self, case: Case, recalled: Recalled) -> tuple[Message, ...]:
        """This turn's prompt."""
        return turn_messages(self.persona.template, case, recalled, self.persona.examples)

    def request(self, case: Case, recalled: Recalled) -> Request:
        """The request for a reply, shorter where the context ends. Raises ModelError if full."""
        messages = self.messages(case, recalled)
        sampling = self.sampling
        if is_plain(self.model) and not sampling.stop:
            sampling = replace(sampling, stop=STOP)
        request = request_for(self.model, messages, sampling, self.attempts, SESSION)
        over = missing(self.model, request)
        if over <= 0:
            return request
        least = min(self.model.room(sampling), SHORTEST)
        shorter = replace(sampling, max_tokens=max(least, sampling.max_tokens - over))
        request = request_for(self.model, messages, shorter, self.attempts, SESSION)
        over = missing(self.model, request)
        if over > 0:
            raise ModelError(full(self.model.info.context, over, len(recalled.kept)))
        return request


def ignore(piece: str) -> None:
    """Hear nothing."""

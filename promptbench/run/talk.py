"""A dialogue under way: one candidate, one repeat, and what was said so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from promptbench.dialogue.exchange import Exchange, Recalled
from promptbench.dialogue.memory import Nearby, Situation, keep
from promptbench.dialogue.prompt import turn_messages
from promptbench.dialogue.tone import heard
from promptbench.record import Case, Message, Turn
from promptbench.run.plan import Plan
from promptbench.run.slot import Ready, Slot
from promptbench.store.cell import Cell
from promptbench.suite.chat import EVERYTHING, MemorySpec, ToneRule

# Of a case, what belongs to its own turn and not to the dialogue.
OF_TURN = ("user", "turn", "script", "mood", "rule")


@dataclass(slots=True)
class Talk:
    """A dialogue under way. `cases` are its checked turns by number, `missing` those to fill.

    `script` has every turn as the data states it; of a simulated user it says "". `summary` stands
    for the first `covered` turns of `past`. `memory_tokens` went into remembering for this turn.
    """

    place: int
    ready: Ready
    dialogue: str
    repeat: int
    cases: dict[int, tuple[int, Case]]
    missing: set[int]
    past: list[Exchange] = field(default_factory=list)
    said: str = ""
    summary: str = ""
    covered: int = 0
    memory_tokens: int = 0
    failed: bool = False

    @property
    def longest(self) -> Case:
        """The last checked turn, whose script holds all others."""
        return self.cases[max(self.cases)][1]

    @property
    def script(self) -> Sequence[Mapping[str, Any]]:
        """Every turn as the data states it."""
        script: Sequence[Mapping[str, Any]] = self.longest.variables["script"]
        return script

    @property
    def memory(self) -> MemorySpec:
        """What comes back into a prompt."""
        return self.ready.memory or EVERYTHING

    @property
    def session(self) -> str:
        """A name for the engine: nobody else in the run has it."""
        return f"{self.place}/{self.dialogue}/{self.repeat}"

    @property
    def number(self) -> int:
        """The turn that comes now, from 1."""
        return len(self.past) + 1

    @property
    def goes_on(self) -> bool:
        """Whether a cell is still to be filled by this turn or a later one."""
        return not self.failed and bool(self.missing) and self.number <= max(self.missing)

    @property
    def given(self) -> str:
        """The reply that the data gives to this turn, "" for none."""
        return str(self.script[self.number - 1].get("assistant", ""))

    def cells(self, later: bool = False) -> list[Cell]:
        """The empty cell of this turn, if it is one; with `later` those of all turns to come."""
        return [
            (self.place, self.cases[number][0], self.repeat)
            for number in sorted(self.missing)
            if number == self.number or (later and number > self.number)
        ]

    def case(self, rules: Sequence[ToneRule]) -> Case:
        """This turn as a case: what a template sees of it."""
        known = self.cases.get(self.number)
        if known and known[1].variables["user"]:
            return known[1]
        base = known[1] if known else self.between()
        variables = {**base.variables, "user": self.said, "turn": self.number}
        return replace(base, variables=variables | heard(self.said, rules))

    def between(self) -> Case:
        """A turn that is not checked as a case."""
        whole = self.longest.variables
        last = {*self.script[len(self.script) - 1], *OF_TURN}
        fields = {name: value for name, value in whole.items() if name not in last}
        own = self.script[self.number - 1]
        script = self.script[: self.number]
        case_id = f"{self.dialogue}/{self.number}"
        return Case(case_id, {**fields, **own, "script": script}, (), self.longest.cluster)

    def recall(self, case: Case, nearby: Nearby) -> Recalled:
        """What comes back into this turn's prompt."""

        def fits(kept: Sequence[Exchange]) -> bool:
            messages = self.messages(case, Recalled(tuple(kept), self.summary))
            return self.ready.model.encode(messages).tokens <= self.memory.size

        situation = Situation(self.past, self.said, fits, nearby)
        return Recalled(keep(self.memory, situation), self.summary)

    def messages(self, case: Case, recalled: Recalled) -> tuple[Message, ...]:
        """This turn's prompt."""
        return turn_messages(self.ready.template, case, recalled, self.ready.examples)

    def turn(self, reply: str, case: Case) -> Turn:
        """This turn as the store keeps it, before anything is known of its prompt."""
        return Turn(
            candidate=self.ready.candidate.name,
            dialogue=self.dialogue,
            repeat=self.repeat,
            number=self.number,
            user=self.said,
            reply=reply,
            case_id=case.id if self.number in self.cases else "",
            mood=float(case.variables["mood"]),
            rule=str(case.variables["rule"].get("name", "")),
        )

    def hear(self, reply: str) -> None:
        """The reply is there: the next turn begins."""
        self.past.append(Exchange(self.number, self.said, reply))
        self.said, self.memory_tokens = "", 0


def talks_of(plan: Plan, missing: Sequence[Slot]) -> list[Talk]:
    """The dialogues that have an empty cell, in the order of candidates, dialogues and repeats."""
    dialogues: dict[str, dict[int, tuple[int, Case]]] = {}
    for position, case in enumerate(plan.cases):
        turns = dialogues.setdefault(case.variables["dialogue"], {})
        turns[case.variables["turn"]] = (position, case)
    found: dict[tuple[int, str, int], Talk] = {}
    for slot in missing:
        variables = plan.cases[slot.case].variables
        name = variables["dialogue"]
        key = (slot.candidate, name, slot.repeat)
        if key not in found:
            ready = plan.ready[slot.candidate]
            found[key] = Talk(slot.candidate, ready, name, slot.repeat, dialogues[name], set())
        found[key].missing.add(variables["turn"])
    return list(found.values())


def replies_left(talk: Talk) -> int:
    """How many replies a dialogue needs from its model, if none of them is stored."""
    turns = talk.script[: max(talk.missing)]
    return sum("assistant" not in turn for turn in turns)

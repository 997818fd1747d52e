"""Dialogues to learn from: the rows of a chat's split in; those whose replies are known out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from promptbench.dialogue.tone import with_mood
from promptbench.error import DataError
from promptbench.record import Case
from promptbench.run.examples import pool
from promptbench.run.turn import COMPARED
from promptbench.suite.chat import ToneRule
from promptbench.suite.leak import Row, read_rows_of
from promptbench.suite.stated import Suite

GIVE = (
    'Give each of its turns an "assistant", the last one that or "references", or take it out of'
    " the train split."
)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A dialogue whose `replies` are known, one a turn from the first.

    `cases` are its checked turns by number. In their scripts every turn is open, as if the model
    were to answer each of them.
    """

    name: str
    cases: Mapping[int, Case]
    replies: tuple[str, ...]

    @property
    def whole(self) -> Case:
        """The last checked turn, whose script holds all others."""
        return self.cases[max(self.cases)]


def train_dialogues(suite: Suite, is_shot: Callable[[Case], bool]) -> list[Dialogue]:
    """The dialogues of the train split that no other split holds too and no prompt shows.

    Raises DataError with file and line for one whose replies are not known.
    """
    clean = {case.id for case in pool(suite, COMPARED)}
    found = []
    for rows in dialogues_in(read_rows_of(suite.split("train"))):
        if problem := fault(rows):
            raise DataError(problem, where=rows[0].where, hint=GIVE)
        if all(row.case.id in clean and not is_shot(row.case) for row in rows):
            found.append(dialogue_of(rows, rules_of(suite)))
    return found


def known_dialogues(suite: Suite, cases: Sequence[Case]) -> list[Dialogue]:
    """Of the dialogues of some checked turns those whose replies are known."""
    found = dialogues_in([Row(case, "") for case in cases])
    return [dialogue_of(rows, rules_of(suite)) for rows in found if not fault(rows)]


def rules_of(suite: Suite) -> Sequence[ToneRule]:
    """The suite's tone rules."""
    return suite.chat.rules if suite.chat else ()


def dialogues_in(rows: Sequence[Row]) -> list[list[Row]]:
    """The checked turns of each dialogue, in their order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row.case.variables["dialogue"]), []).append(row)
    return list(found.values())


def fault(rows: Sequence[Row]) -> str:
    """Why nothing can be learned from a dialogue, "" if something can."""
    variables = rows[-1].case.variables
    name = variables["dialogue"]
    if "goal" in variables and not variables["user"]:
        return f"the user of dialogue '{name}' is played by a model: nothing in it is known"
    replies = replies_of(rows)
    if not any(replies):
        return f"dialogue '{name}' gives no reply to learn from"
    if "" in replies:
        number = replies.index("") + 1
        return f"dialogue '{name}' gives no reply to turn {number}, but to a later one"
    return ""


def replies_of(rows: Sequence[Row]) -> list[str]:
    """What is replied to each turn, up to the last reply that is known; "" for what is not.

    A reply is what the data gives, or of a checked turn its first reference.
    """
    checked = {row.case.variables["turn"]: row.case for row in rows}
    replies = []
    for number, said in enumerate(rows[-1].case.variables["script"], 1):
        references = checked[number].references if number in checked else ()
        reply = str(said.get("assistant") or next(iter(references), ""))
        replies.append(reply if reply.strip() else "")
    while replies and not replies[-1]:
        replies.pop()
    return replies


def dialogue_of(rows: Sequence[Row], rules: Sequence[ToneRule]) -> Dialogue:
    """The dialogue of some checked turns, each knowing the mood of what its user says."""
    name = str(rows[-1].case.variables["dialogue"])
    cases = {row.case.variables["turn"]: with_mood(opened(row.case), rules) for row in rows}
    return Dialogue(name, cases, tuple(replies_of(rows)))


def opened(case: Case) -> Case:
    """A case in whose script no reply is given: the model is to learn them."""
    script = [
        {name: value for name, value in said.items() if name != "assistant"}
        for said in case.variables["script"]
    ]
    return replace(case, variables={**case.variables, "script": script})

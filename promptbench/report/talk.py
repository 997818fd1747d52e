"""Pack what was said in a chat: each dialogue once, its texts by their places.

A dialogue is, for each candidate and each repeat, a list of its turns:

    [user, reply, kept, summary, mood, rule, prompt tokens, tokens written, tokens to remember,
     case]

`user`, `reply` and `summary` are places of texts, `rule` is that of a rule, null where there is
none. `kept` has the numbers of the earlier turns that stood in the prompt, 1 stands for all of
them; it is null where the data gives the reply. `case` counts from 1, 0 is a turn not checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from promptbench.record import Case, Turn
from promptbench.report.once import Once

# What the dialogue tells better: left out of a case's own fields.
TOLD = ("script", "mood", "talk")
# Characters that a case's page shows in one line.
SHORT = 80

Said = Mapping[str, Mapping[str, Mapping[int, Sequence[Turn]]]]
"""Turns by dialogue, candidate and repeat."""


@dataclass(slots=True)
class Talks:
    """The dialogues of a run, by candidates in the order of `names`.

    `numbers` has the number of each case, from 1; `says` a rule's instruction. `packed` are those
    that belong to the block under way, `needs` the earlier blocks that hold texts of a dialogue.
    """

    texts: Once[str]
    said: Said
    names: Sequence[str]
    repeats: int
    numbers: Mapping[str, int]
    says: Mapping[str, str]
    places: Once[str] = field(default_factory=Once)
    rules: dict[str, int] = field(default_factory=dict)
    packed: dict[str, list[Any]] = field(default_factory=dict)
    needs: dict[str, set[int]] = field(default_factory=dict)

    def place(self, case: Case) -> list[int] | int:
        """The place of a case's dialogue and the number of its turn; 0 if nothing was said."""
        name = str(case.variables.get("dialogue", ""))
        if name not in self.said:
            return 0
        if name not in self.needs:
            before = set(self.texts.older)
            self.texts.older.clear()
            self.packed[name] = self.dialogue(self.said[name])
            self.needs[name] = set(self.texts.older)
            self.texts.older |= before
        place = self.places.put(name)
        self.texts.older |= self.needs[name]
        return [place, int(case.variables.get("turn", 0))]

    def dialogue(self, said: Mapping[str, Mapping[int, Sequence[Turn]]]) -> list[Any]:
        """A dialogue as all candidates led it."""
        return [
            [
                [self.turn(turn) for turn in said.get(name, {}).get(repeat, ())]
                for repeat in range(self.repeats)
            ]
            for name in self.names
        ]

    def turn(self, turn: Turn) -> list[Any]:
        """One turn."""
        kept: list[int] | int | None = list(turn.kept)
        if not turn.key:
            kept = None
        elif turn.kept == tuple(range(1, turn.number)):
            kept = 1
        rule = self.rules.setdefault(turn.rule, len(self.rules)) if turn.rule else None
        return [
            self.texts.put(turn.user),
            self.texts.put(turn.reply),
            kept,
            self.texts.put(turn.summary) if turn.summary else None,
            round(turn.mood, 2),
            rule,
            turn.prompt_tokens,
            turn.output_tokens,
            turn.memory_tokens,
            self.numbers.get(turn.case_id, 0),
        ]

    def cut(self) -> list[Any]:
        """End a block: the dialogues that were first met in it."""
        return [self.packed.pop(name) for name in self.places.cut()]

    @property
    def told(self) -> list[list[str]]:
        """Name and instruction of every rule that a turn chose."""
        return [[name, self.says.get(name, "")] for name in self.rules]


def talks_of(
    turns: Iterable[Turn],
    cases: Sequence[Case],
    names: Sequence[str],
    repeats: int,
    texts: Once[str],
) -> Talks:
    """The dialogues of a run, nothing of them packed yet."""
    said: dict[str, dict[str, dict[int, list[Turn]]]] = {}
    for turn in turns:
        by_candidate = said.setdefault(turn.dialogue, {})
        by_candidate.setdefault(turn.candidate, {}).setdefault(turn.repeat, []).append(turn)
    rules = (case.variables["rule"] for case in cases if case.variables.get("rule"))
    return Talks(
        texts=texts,
        said=said,
        names=names,
        repeats=repeats,
        numbers={case.id: number for number, case in enumerate(cases, 1)},
        says={str(rule["name"]): str(rule.get("say", "")) for rule in rules},
    )


def shown(case: Case) -> dict[str, Any]:
    """The variables of a turn that its dialogue does not tell.

    A simulated user has said nothing yet when the case is made, so it has neither words nor a rule.
    """
    found = {name: listed(each) for name, each in case.variables.items() if name not in TOLD}
    rule = found.pop("rule", None)
    if not found.get("user"):
        found.pop("user", None)
    elif rule:
        found["rule"] = rule["name"]
    if found.get("dialogue") == case.cluster:
        del found["dialogue"]
    return found


def listed(content: Any) -> Any:
    """A list of texts in one line, where it is short; anything else as it is."""
    texts = isinstance(content, (list, tuple)) and all(isinstance(one, str) for one in content)
    line = ", ".join(content) if texts else ""
    return line if line and len(line) <= SHORT else content

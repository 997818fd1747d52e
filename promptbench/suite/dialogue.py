"""Turn a row that holds a dialogue into cases: one for each turn that is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from promptbench.error import DataError
from promptbench.record import Case
from promptbench.suite.explain import show

MOST_TURNS = 200
EXAMPLE = '"turns": ["My name is Ada.", {"user": "What is my name?", "references": ["Ada"]}]'
# Fields of a turn that say something to promptbench, not to a template or metric.
OWN = ("user", "assistant", "references", "check")


@dataclass(frozen=True, slots=True)
class Said:
    """One turn as the data states it: `user` is what is said, `assistant` a given reply ("" none).

    `fields` are what else it has. What a simulated user says is not known: then `user` is "".
    """

    user: str
    assistant: str = ""
    references: tuple[str, ...] = ()
    check: bool | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


def dialogue_cases(whole: Case, turns: str, where: str) -> Iterator[Case]:
    """The checked turns of a row, whose field `turns` holds the dialogue, as cases.

    `whole` is the row as one case; its references are those of the last turn. Of turns that have
    references or `check: true` these are checked; otherwise every turn that the model answers; and
    of a dialogue in which every reply is given the last, whose reply becomes its reference. A
    dialogue is a cluster, unless the row names one. Raises DataError.
    """
    row = whole.variables
    fields = {name: value for name, value in row.items() if name not in (turns, "check")}
    if isinstance(row.get("goal"), str):
        said, checked = simulated(row, turns, where)
        said[-1] = replace(said[-1], references=whole.references)
    else:
        said = [turn_of(value, turns, where) for value in listed(row, turns, where)]
        said[-1] = replace(said[-1], references=said[-1].references or whole.references)
        said = opened(said)
        checked = checked_turns(said)
    for number in checked:
        last = said[number - 1]
        yield Case(
            id=f"{whole.id}/{number}",
            variables={
                **fields,
                **last.fields,
                "user": last.user,
                "turn": number,
                "dialogue": whole.id,
                "script": [scripted(one) for one in said[:number]],
            },
            references=last.references,
            cluster=whole.cluster or whole.id,
        )


def listed(row: Mapping[str, Any], turns: str, where: str) -> Sequence[Any]:
    """The turns of a row as they stand there."""
    found = row.get(turns)
    if not isinstance(found, list) or not found:
        has = show(found) if turns in row else "no such field"
        what = f"field '{turns}' must be a list of turns, found {has}"
        raise DataError(what, where=where, hint=f"For example {EXAMPLE}.")
    if len(found) > MOST_TURNS:
        what = f"a dialogue has {MOST_TURNS} turns at most, found {len(found)}"
        raise DataError(what, where=where)
    return found


def turn_of(value: object, turns: str, where: str) -> Said:
    """One turn: a text, or a mapping with what the user says."""
    if isinstance(value, str):
        value = {"user": value}
    if not isinstance(value, dict):
        what = f"a turn of '{turns}' must be text or an object, found {show(value)}"
        raise DataError(what, where=where, hint=f"For example {EXAMPLE}.")
    user, reply = value.get("user"), value.get("assistant", "")
    if not isinstance(user, str) or not user.strip():
        what = f"a turn of '{turns}' needs what the user says, found {show(user)}"
        raise DataError(what, where=where, hint=f"For example {EXAMPLE}.")
    if not isinstance(reply, str):
        what = f"a turn's 'assistant' must be the text of a reply, found {show(reply)}"
        raise DataError(what, where=where)
    check = value.get("check")
    if check is not None and not isinstance(check, bool):
        what = f"a turn's 'check' must be true or false, found {show(check)}"
        raise DataError(what, where=where)
    rest = {name: each for name, each in value.items() if name not in OWN}
    return Said(user, reply, referenced(value.get("references", ()), where), check, rest)


def referenced(value: object, where: str) -> tuple[str, ...]:
    """A turn's references: one text, or a list of texts."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(one, str) for one in texts):
        what = f"a turn's 'references' must be text or a list of texts, found {show(value)}"
        raise DataError(what, where=where)
    return tuple(one for one in texts if one)


def opened(said: Sequence[Said]) -> list[Said]:
    """The turns, of which the model answers one: the last, if the data gives every reply."""
    last = said[-1]
    if last.check is not False and all(one.assistant for one in said):
        kept = Said(last.user, "", last.references or (last.assistant,), True, last.fields)
        return [*said[:-1], kept]
    return list(said)


def checked_turns(said: Sequence[Said]) -> list[int]:
    """The numbers, from 1, of the turns that are checked."""
    stated = [n for n, one in enumerate(said, 1) if not one.assistant and is_stated(one)]
    free = [n for n, one in enumerate(said, 1) if not one.assistant and one.check is not False]
    return stated or free


def is_stated(one: Said) -> bool:
    """Whether the data says that a turn is checked."""
    return bool(one.references) if one.check is None else one.check


def simulated(row: Mapping[str, Any], turns: str, where: str) -> tuple[list[Said], list[int]]:
    """A dialogue whose user is played: its turns, of which nothing is known, and those checked."""
    number = row.get(turns)
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST_TURNS:
        what = f"with a 'goal', '{turns}' is a number of turns from 1 to {MOST_TURNS}"
        raise DataError(f"{what}, found {show(number)}", where=where)
    checked = row.get("check", [number])
    if not isinstance(checked, list) or not checked or not all(is_turn(n, number) for n in checked):
        what = f"'check' must be a list of turns from 1 to {number}, found {show(checked)}"
        raise DataError(what, where=where)
    return [Said("") for _ in range(number)], sorted(set(checked))


def is_turn(value: object, number: int) -> bool:
    """Whether a value is the number of a turn."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= number


def scripted(one: Said) -> dict[str, Any]:
    """A turn as a case keeps it: with its fields, and with the reply if that is given."""
    given = {"assistant": one.assistant} if one.assistant else {}
    return {**one.fields, "user": one.user, **given}

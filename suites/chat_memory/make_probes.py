"""Write probes.jsonl: 24 dialogues of eight turns in which a user tells two facts, then asks.

`python suites/chat_memory/make_probes.py` writes the same bytes on every machine. The other turns
are real questions, the first ones of the dialogues in dialogues.jsonl.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SEED = 0
DIALOGUES = 24
TURNS = 8
DISTANCES = 6
LATEST_TOLD = 4
LONGEST_QUESTION = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fact: its values, what a model says that was told none, and how to tell and ask."""

    name: str
    values: tuple[str, ...]
    guesses: tuple[str, ...]
    forms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that one dialogue tells, and the question that asks for it `distance` turns later."""

    kind: Kind
    value: str
    form: tuple[str, str]
    distance: int


NAMES = Kind(
    "name",
    (
        *("Ottilie", "Casper", "Marguerite", "Rupert", "Ingrid", "Fergus", "Beatrix", "Anselm"),
        *("Delphine", "Lorcan", "Rosalind", "Tobias", "Henrietta", "Matteo", "Saskia", "Cornelius"),
    ),
    ("Luna", "Alex", "Sarah"),
    (
        ("By the way, my name is {}.", "What is my name?"),
        ("My new neighbour is called {}.", "What is my new neighbour called?"),
        ("We named our puppy {}.", "Which name did we give our puppy?"),
        ("I share my office with {}.", "With whom do I share my office?"),
    ),
)
NUMBERS = Kind(
    "number",
    (
        *("4217", "8350", "6924", "3781", "5096", "7438", "2863", "9145"),
        *("6507", "3294", "8671", "4980", "7152", "5829", "9306", "2648"),
    ),
    ("1234", "0000", "1111"),
    (
        ("The code of my front door is {}.", "What is the code of my front door?"),
        ("My bicycle lock opens with {}.", "Which number opens my bicycle lock?"),
        ("My locker at the gym has the number {}.", "Which number does my locker at the gym have?"),
        ("The number {} turns off our office alarm.", "Which number turns off our office alarm?"),
    ),
)
PLACES = Kind(
    "place",
    (
        *("Ghent", "Tartu", "Girona", "Aarhus", "Lublin", "Coimbra", "Trieste", "Turku"),
        *("Leuven", "Bergen", "Graz", "Padua", "Galway", "Dundee", "Rouen", "Maribor"),
    ),
    ("London", "New York", "Paris"),
    (
        ("I live in {}.", "In which town do I live?"),
        ("My grandparents come from {}.", "Which town do my grandparents come from?"),
        ("I have found a new job in {}.", "In which town is my new job?"),
        ("My brother has just moved to {}.", "To which town has my brother moved?"),
    ),
)
KINDS = (NAMES, NUMBERS, PLACES)

# What a user says besides, so that a turn that tells something can be answered.
ASIDES = (
    "Can you recommend a book?",
    "What could I cook tonight?",
    "How do I keep my plants alive?",
    "What is a good song for a Monday?",
    "How can I sleep better?",
    "Can you tell me a fun fact?",
    "What is a good hobby for winter?",
    "How long does one boil an egg?",
)


def facts(chance: random.Random) -> list[Fact]:
    """Two facts a dialogue: each value once, each form and each distance equally often."""
    number = 2 * DIALOGUES // len(KINDS)
    by_kind = []
    for place, kind in enumerate(KINDS):
        values = chance.sample(kind.values, number)
        forms = [kind.forms[i % len(kind.forms)] for i in range(number)]
        chance.shuffle(forms)
        # 16 facts go twice through the six distances, and four of them come a third time: other
        # ones for each kind, so that all together come eight times.
        distances = [(i + 4 * place) % DISTANCES + 1 for i in range(number)]
        by_kind.append(list(map(Fact, [kind] * number, values, forms, distances)))
    return [by_kind[i % len(KINDS)][i // len(KINDS)] for i in range(2 * DIALOGUES)]


def places(one: Fact, other: Fact, chance: random.Random) -> tuple[int, int]:
    """The turns that tell two facts, early and so that no turn has to do two things."""
    early = range(1, LATEST_TOLD + 1)
    found = [
        (first, second)
        for first, second in product(early, early)
        if len({first, second, first + one.distance, second + other.distance}) == 4
        and max(first + one.distance, second + other.distance) <= TURNS
    ]
    return chance.choice(found)


def probe(fact: Fact, told: int, chance: random.Random) -> dict[str, Any]:
    """The turn that asks for a fact. `others` is what it is not: likely guesses and real values."""
    real = chance.sample([value for value in fact.kind.values if value != fact.value], 2)
    return {
        "user": fact.form[1],
        "references": [fact.value],
        "others": [*fact.kind.guesses, *real],
        "kind": fact.kind.name,
        "distance": fact.distance,
        "told": told,
    }


def questions() -> list[str]:
    """Real questions that begin a dialogue, short, and without any value that is asked for."""
    taken = [value for kind in KINDS for value in (*kind.values, *kind.guesses)]
    lines = (FOLDER / "dialogues.jsonl").read_text(encoding="utf-8").splitlines()
    first = [json.loads(line)["turns"][start] for line in lines for start in (0, 4)]
    short = (text for text in first if len(text) < LONGEST_QUESTION)
    return [text for text in short if not any(value in text for value in taken)]


def dialogue(number: int, pair: list[Fact], chance: random.Random) -> dict[str, Any]:
    """A dialogue with two facts told and asked for, and real questions around them."""
    turns: list[Any] = chance.sample(questions(), TURNS)
    asides = chance.sample(ASIDES, len(pair))
    for fact, told, aside in zip(pair, places(*pair, chance), asides, strict=True):
        turns[told - 1] = f"{fact.form[0].format(fact.value)} {aside}"
        turns[told + fact.distance - 1] = probe(fact, told, chance)
    return {"id": f"probe-{number:02}", "turns": turns}


def probes() -> Iterator[str]:
    """The lines of probes.jsonl."""
    chance = random.Random(SEED)
    made = facts(chance)
    for number in range(DIALOGUES):
        row = dialogue(number + 1, made[2 * number : 2 * number + 2], chance)
        yield json.dumps(row, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (FOLDER / "probes.jsonl").write_text("".join(probes()), "utf-8", newline="\n")

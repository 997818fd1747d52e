"""Dialogues as they are packed: every text once, and a case finds all that its dialogue needs."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from promptbench.record import Case, Run, Sample, Turn
from promptbench.report.grid import lay_out
from promptbench.report.once import Once
from promptbench.report.pack import CASES, pack
from promptbench.report.talk import shown, talks_of
from tests.report.chatted import RULES, chatted, remembering
from tests.report.packed import parts
from tests.report.records import candidate, cases, run, samples

MEMORIES = ("all", "none", "summary:60+last:1")
NAMES = [f"friend · {memory}" for memory in MEMORIES]


def chat(number: int = 4) -> tuple[Run, list[Case], list[Sample], list[Turn]]:
    made = run(candidates=tuple(remembering(candidate("friend"), each) for each in MEMORIES))
    rows = samples({name: [0.5] * number for name in NAMES})
    found, turns = chatted(made, cases(number), rows)
    return made, found, rows, turns


def packed(
    made: Run, found: list[Case], rows: list[Sample], turns: list[Turn]
) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """The head, the blocks and all texts."""
    names = [each.name for each in made.candidates]
    head, *rest = parts(pack(made, lay_out(made, found, rows), names, {}, turns))
    blocks = rest[len(names) :]
    return head, blocks, [text for block in blocks for text in block["texts"]]


def test_a_dialogue_is_there_as_each_candidate_led_it():
    head, (block,), texts = packed(*chat())
    assert head["talks"] == [[place, 2] for place in range(4)]
    assert head["rules"] == [[rule["name"], rule["say"]] for rule in (RULES[1], RULES[0])]
    whole, nothing, summed = (repeats[0] for repeats in block["talks"][1])
    assert [texts[turn[0]] for turn in whole] == [
        "My name is Ada, number 1.",
        "What is my name, number 1?",
    ]
    assert [texts[turn[1]] for turn in whole] == ["Hello!", "A summary."]
    # All of no turn, all of one turn, nothing of it.
    assert [turn[2] for turn in (*whole, nothing[1])] == [1, 1, []]
    assert [turn[3] and texts[turn[3]] for turn in summed] == [None, "They are Ada."]
    assert [turn[4:] for turn in summed] == [[0.2, 0, 20, 2, 0, 0], [-0.5, 1, 22, 10, 9, 2]]


def test_a_given_reply_and_a_turn_without_a_rule_are_told_as_such():
    made, found, rows, turns = chat(1)
    turns[0] = replace(turns[0], key="", rule="")
    _, (block,), _ = packed(made, found, rows, turns)
    first, second = block["talks"][0][0][0]
    assert (first[2], first[5]) == (None, None)
    assert second[2] == 1


def test_every_text_is_packed_once_however_many_say_it():
    _, blocks, texts = packed(*chat(CASES + 9))
    assert len(blocks) == 2
    assert len(texts) == len(set(texts))
    assert texts.count("Hello!") == 1


def test_a_case_can_find_its_dialogue_though_it_lies_in_other_blocks():
    made, found, rows, turns = chat(3 * CASES)
    # Two cases of each dialogue, far apart; what is said is drawn from few texts.
    half = len(found) // 2
    draw = random.Random(0)
    pool = [f"It is {number}. " * 300 for number in range(90)]
    found = [
        case
        if place < half
        else replace(
            case, variables={**case.variables, "dialogue": f"talk-{place - half}", "turn": 1}
        )
        for place, case in enumerate(found)
    ]
    turns = [replace(turn, reply=draw.choice(pool)) for turn in turns]
    head, blocks, texts = packed(made, found, rows, turns)
    assert len(blocks) > 2
    starts = list(zip(*head["blocks"], strict=True))
    firsts, text_starts, talk_starts = starts[0], starts[1], starts[3]
    talks = [talk for block in blocks for talk in block["talks"]]
    assert len(talks) == half

    def block_of(place: int, begin: tuple[int, ...]) -> int:
        return max(block for block, first in enumerate(begin) if first <= place)

    for number, (place, _) in enumerate(head["talks"]):
        there = {block_of(number, firsts), *(head["needs"][number] or ())}
        said = [turn for repeats in talks[place] for turn in repeats[0]]
        assert block_of(place, talk_starts) in there
        needed = {block_of(text, text_starts) for turn in said for text in turn[:2]}
        assert needed <= there
    assert set(pool) <= set(texts)


def test_without_turns_a_case_has_no_dialogue():
    made, found, rows, _ = chat(2)
    head, (block,), _ = packed(made, found, rows, [])
    assert (head["talks"], head["rules"], block["talks"]) == ([0, 0], [], [])


def test_a_case_that_nobody_has_reached_has_no_dialogue():
    made, found, rows, turns = chat(2)
    kept = [turn for turn in turns if turn.dialogue == "talk-0"]
    head, _, _ = packed(made, found, rows, kept)
    assert head["talks"] == [[0, 2], 0]


def test_what_the_dialogue_tells_is_left_out_of_a_cases_fields():
    _, (case, *_), _, _ = chat(2)
    told = shown(case)
    assert {"script", "mood", "dialogue"}.isdisjoint(told)
    assert (told["user"], told["rule"], told["turn"]) == (case.variables["user"], "other", 2)
    elsewhere = replace(case, cluster="a person")
    assert shown(elsewhere)["dialogue"] == "talk-0"


def test_a_simulated_user_has_said_nothing_yet():
    _, (case, *_), _, _ = chat(1)
    plays = replace(case, variables={**case.variables, "user": "", "goal": "a table", "turn": 2})
    told = shown(plays)
    assert "user" not in told and "rule" not in told
    assert told["goal"] == "a table"


def test_short_lists_stand_in_a_line():
    case = Case("a", {"others": ["Rome", "Oslo"], "numbers": [1, 2], "long": ["word"] * 40})
    assert shown(case) == {"others": "Rome, Oslo", "numbers": [1, 2], "long": ["word"] * 40}


def test_a_dialogue_is_packed_with_the_first_case_that_it_has():
    texts: Once[str] = Once()
    made, found, _, turns = chat(1)
    names = [each.name for each in made.candidates]
    talks = talks_of(turns, found, names, 1, texts)
    assert talks.place(found[0]) == talks.place(found[0]) == [0, 2]
    assert len(talks.cut()) == 1
    assert talks.cut() == []

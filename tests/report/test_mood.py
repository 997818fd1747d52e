"""Tone rules in the report: who chose them, who kept them, what the instructions did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promptbench.metric.registry import build_metrics
from promptbench.record import Message, MetricSpec, Run, Sample, Seen, Turn
from promptbench.report.grid import lay_out
from promptbench.report.mood import Moods, expected, moods
from tests.report.chatted import chatted
from tests.report.records import candidate, cases, completion, run

N = 20
SAYS = {"told": "I am so sorry, that is terrible.", "untold": "What is it?"}
METRICS = [MetricSpec("tone_kept"), MetricSpec("tone"), MetricSpec("words", {"max": 40})]


def records(kinds: list[MetricSpec]) -> tuple[Run, list[Sample]]:
    metrics = build_metrics(kinds)
    made = run(
        candidates=tuple(replace(candidate(name), memory="all") for name in SAYS),
        metrics=tuple(metric.info for metric in metrics),
    )
    rows = [
        Sample(name, case.id, 0, replace(completion(text), key=f"{name} {case.id}"))
        for name, text in SAYS.items()
        for case in cases(N)
    ]
    talking = {case.id: case for case in chatted(made, cases(N), rows)[0]}
    scored = [
        replace(
            row,
            scores={
                m.info.name: m.score(row.completion, talking[row.case_id])
                for m in metrics
                if row.completion
            },
        )
        for row in rows
    ]
    return made, scored


def look(kinds: list[MetricSpec] = METRICS, shown: str = "Say sorry.") -> Moods | None:
    made, rows = records(kinds)
    found, turns = chatted(made, cases(N), rows)
    seen = {
        row.completion.key: Seen(row.completion.key, "", (Message("system", f"Robin. {shown}"),))
        for row in rows
        if row.completion and row.candidate == "told"
    }
    return moods(made, lay_out(made, found, rows), turns, seen)


def test_each_rule_is_told_with_its_turns_and_what_became_of_it():
    found = look()
    assert found is not None and found.measured
    rules = {each.name: each for each in found.rules}
    assert rules["upset"].say == "Say sorry."
    assert rules["upset"].expected == "40 words at most; says sorry"
    # Ten checked turns; first turns and calm ones are those of the other rule.
    assert (rules["upset"].turns, rules["other"].turns) == (N // 2, N // 2 + N)
    assert rules["upset"].mood == -0.5
    told, untold = rules["upset"].manners
    assert told.kept is not None and untold.kept is not None
    assert (told.kept.mean, untold.kept.mean) == (1.0, 0.0)
    assert (told.replies, told.kept.count) == (N // 2, N // 2)
    assert told.tone is not None and told.tone < 0
    assert all(manner.kept is None for manner in rules["other"].manners), "it expects nothing"


def test_tones_are_the_same_whether_a_metric_has_them_or_not():
    with_metric, without = look(), look([MetricSpec("words", {"max": 40})])
    assert with_metric is not None and without is not None
    assert not without.measured
    assert [[m.tone for m in rule.manners] for rule in with_metric.rules] == [
        [m.tone for m in rule.manners] for rule in without.rules
    ]


def test_what_the_instructions_did_is_told_less_untold_for_every_metric():
    found = look()
    assert found is not None
    assert [(one.told, one.untold, one.metric.name) for one in found.effects] == [
        ("told", "untold", name) for name in ("tone_kept", "tone", "words")
    ]
    kept, tone, words = found.effects
    assert kept.difference is not None and kept.difference.mean == 1.0 and kept.shown
    assert tone.difference is not None and tone.difference.mean < 0
    assert words.difference is not None and words.difference.mean == 0.0 and not words.shown


def test_who_was_told_is_read_from_the_prompts():
    found = look(shown="Be nice.")
    assert found is not None and found.effects == ()


def test_without_a_rule_there_is_nothing_to_tell():
    made, rows = records(METRICS)
    found, turns = chatted(made, cases(N), rows)
    bare = [replace(turn, rule="") for turn in turns]
    assert moods(made, lay_out(made, found, rows), bare, {}) is None
    assert moods(made, lay_out(made, found, rows), (), {}) is None


def test_a_rule_that_only_a_turn_names_is_told_all_the_same():
    made, rows = records(METRICS)
    turns = [Turn("told", "d", 0, 1, "Hi", "Hi", "key", rule="odd", mood=0.4)]
    found = moods(made, lay_out(made, cases(N), rows), turns, {})
    assert found is not None
    assert [(each.name, each.say, each.turns) for each in found.rules] == [("odd", "", 1)]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ""),
        ({"tone_at_least": -0.3}, "tone from \N{MINUS SIGN}0.3 on"),
        ({"never": ["sorry", "apolog", "regret"]}, "never says sorry, apolog or regret"),
        ({"sentences_at_most": 2, "says": ["a", "b"]}, "2 sentences at most; says a or b"),
    ],
)
def test_what_is_expected_is_said_in_words(facts: dict[str, object], words: str):
    assert expected(facts) == words

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from promptbench.error import ModelError, PromptError, RunError, SuiteError
from promptbench.store.prompt import Prompts
from promptbench.store.turn import turns
from tests.fake import FakeBackend
from tests.run.chatting import FRIEND, expected, rows, said, write_chat, write_rows
from tests.run.workspace import Notes

MEMORIES = {"all": lambda past: past, "none": lambda past: [], "last:1": lambda past: past[-1:]}


def test_every_reply_follows_from_what_its_memory_keeps(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path)
    fake.behaviour.order = 5
    result = workspace.run()
    assert said(workspace, result.run_id) == expected(workspace.plan(), MEMORIES)


def test_the_checked_turns_are_the_cells(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path)
    result = workspace.run()
    replies = said(workspace, result.run_id)
    samples = workspace.samples(result.run_id)
    assert len(samples) == 3 * 3 * 2
    for sample in samples:
        dialogue, number = sample.case_id.split("/")
        assert sample.completion is not None
        assert sample.completion.text == replies[sample.candidate, dialogue, int(number)]
        assert set(sample.scores) == {"contains", "words"}


def test_a_turn_says_what_was_kept(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path)
    result = workspace.run()
    with workspace.store() as store:
        found = list(turns(store, result.run_id))
        seen = {one.key: one.messages for one in Prompts(store, result.run_id).values()}
    last = [t for t in found if t.number == 4 and t.dialogue == "talk-0"]
    kept = {t.candidate: t.kept for t in last}
    assert kept == {
        "friend · all": (1, 2, 3),
        "friend · none": (),
        "friend · last:1": (3,),
    }
    for turn in last:
        assert len(seen[turn.key]) == 2 + 2 * len(turn.kept)
        assert turn.case_id == "talk-0/4"
        assert turn.prompt_tokens > 10


def test_what_the_data_gives_is_not_asked(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path, "all")
    result = workspace.run()
    with workspace.store() as store:
        (given,) = (t for t in turns(store, result.run_id) if not t.key)
    assert (given.dialogue, given.number, given.reply) == ("talk-2", 1, "Seven it is.")
    assert len(fake.asked) == 11


def test_a_second_run_asks_nothing_and_says_the_same(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path)
    first = workspace.run()
    page, asked = first.report.read_bytes(), len(fake.asked)
    second = workspace.run()
    assert len(fake.asked) == asked
    assert (second.run_id, second.report.read_bytes()) == (first.run_id, page)


def test_equal_requests_are_asked_once(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path)
    workspace.run()
    assert max(Counter(fake.asked).values()) == 1
    first_turns_of_three_memories = 3 * 2
    assert len(fake.asked) <= 3 * 11 - first_turns_of_three_memories


def test_another_memory_asks_only_for_what_is_new(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path, "[all]")
    workspace.run()
    before = len(fake.asked)
    workspace.edit("suites/talk.yaml", "[all]", "[all, last: 1]")
    notes = Notes()
    result = workspace.run(notes)
    assert said(workspace, result.run_id) == expected(workspace.plan(), MEMORIES)
    assert max(Counter(fake.asked).values()) == 1
    assert sum(map(len, notes.batches)) == len(fake.asked) - before


@pytest.mark.parametrize("batches", range(8))
def test_an_interrupted_chat_goes_on_where_it_was(tmp_path: Path, fake: FakeBackend, batches: int):
    workspace = write_chat(tmp_path)
    fake.behaviour.breaks_after = batches
    with pytest.raises(RunError):
        workspace.run()
    fake.behaviour.breaks_after = None
    result = workspace.run()
    assert said(workspace, result.run_id) == expected(workspace.plan(), MEMORIES)
    assert max(Counter(fake.asked).values()) == 1
    assert result.errors == 0


def test_after_an_error_a_dialogue_says_no_more_and_the_next_run_tries_again(
    tmp_path: Path, fake: FakeBackend
):
    workspace = write_chat(tmp_path, "[all]")
    fake.behaviour.failing = ("My number is 1.",)
    result = workspace.run()
    failed = {
        s.case_id for s in workspace.samples(result.run_id) if s.completion and s.completion.error
    }
    assert failed == {"talk-1/2", "talk-1/4"}
    assert result.errors == 2
    assert ("friend", "talk-1", 1) not in said(workspace, result.run_id)
    fake.behaviour.failing = ()
    again = workspace.run()
    assert (again.run_id, again.errors) == (result.run_id, 0)
    assert said(workspace, again.run_id) == expected(workspace.plan(), MEMORIES)


def test_an_error_in_a_later_turn_leaves_the_earlier_ones(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path, "[all]")
    fake.behaviour.failing = ("And what comes next?",)
    result = workspace.run()
    errors = {
        s.case_id: s.completion.error for s in workspace.samples(result.run_id) if s.completion
    }
    assert {case: bool(error) for case, error in errors.items()} == {
        f"talk-{n}/{turn}": turn == 4 for n in range(3) for turn in (2, 4)
    }


def test_a_dialogue_that_outgrows_its_model_says_by_how_much(tmp_path: Path, fake: FakeBackend):
    fake.behaviour.context = 70
    workspace = write_chat(tmp_path)
    result = workspace.run()
    samples = workspace.samples(result.run_id)
    bad = [s for s in samples if s.completion and s.completion.error]
    assert {s.candidate for s in bad} == {"friend · all"}
    assert all(
        "tokens more than the context of 70" in s.completion.error for s in bad if s.completion
    )
    assert result.errors == len(bad)


def test_a_budget_of_tokens_holds_in_every_prompt(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path, "[tokens: 60]")
    result = workspace.run()
    with workspace.store() as store:
        found = [t for t in turns(store, result.run_id) if t.key]
    assert all(t.prompt_tokens <= 60 for t in found)
    assert any(t.kept and len(t.kept) < t.number - 1 for t in found)
    assert all(t.kept == tuple(range(t.number - len(t.kept), t.number)) for t in found)


def test_a_summary_is_asked_for_stored_and_shown(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path, "[{summary: 20, last: 1}]")
    result = workspace.run()
    with workspace.store() as store:
        found = [t for t in turns(store, result.run_id) if t.dialogue == "talk-0"]
        seen = {one.key: one.messages[0].text for one in Prompts(store, result.run_id).values()}
    assert [bool(t.summary) for t in found] == [False, False, True, True]
    assert [t.kept for t in found] == [(), (1,), (2,), (3,)]
    assert [bool(t.memory_tokens) for t in found] == [False, False, True, True]
    assert found[2].summary != found[3].summary
    assert found[3].summary in seen[found[3].key]
    asked = len(fake.asked)
    workspace.run()
    assert len(fake.asked) == asked


def test_a_summary_that_no_prompt_shows_is_refused(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path, "[summary: 20]")
    workspace.write("prompts/friend.j2", "{{ user }}")
    with pytest.raises(PromptError, match="makes a summary, and this prompt does not show it"):
        workspace.run()
    assert not fake.asked


def test_a_fresh_run_asks_everything_again(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path, "[all]")
    first = workspace.run()
    again = workspace.run(fresh=True)
    assert len(fake.asked) == 22
    assert again.run_id == f"{first.run_id}-2"
    assert said(workspace, again.run_id) == said(workspace, first.run_id)


def test_repeats_are_dialogues_of_their_own(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path, "[all]", **{"12}": "12, temperature: 1}"})
    result = workspace.run(repeats=2)
    with workspace.store() as store:
        found = list(turns(store, result.run_id))
    first, second = ([t.reply for t in found if t.repeat == n and t.key] for n in (0, 1))
    assert len(first) == len(second) == 11
    assert first != second


PLAYED = {"id": "goal", "goal": "find the room", "card": "Bob.", "turns": 3, "check": [2, 3]}


def test_a_played_user_speaks_and_is_heard(tmp_path: Path, fake: FakeBackend):
    lines = "memory: [all]\ntone: [{name: any, say: Be kind.}]\nuser: {model: 'fake:b', seed: 3}"
    workspace = write_chat(
        tmp_path, **{"memory: MEMORY": lines, "memory: [all, none, last: 1]": lines}
    )
    write_rows(workspace, [PLAYED])
    result = workspace.run()
    with workspace.store() as store:
        found = list(turns(store, result.run_id))
    assert [t.number for t in found] == [1, 2, 3]
    assert len({t.user for t in found}) == 3
    assert all(t.user and t.rule == "any" for t in found)
    assert len(fake.asked) == 6
    asked = len(fake.asked)
    workspace.run()
    assert len(fake.asked) == asked


def test_a_goal_needs_somebody_to_play_it(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path)
    write_rows(workspace, [PLAYED])
    with pytest.raises(SuiteError, match="has a goal and nothing that its user says"):
        workspace.run()


def test_a_tone_rule_reaches_the_prompt(tmp_path: Path, fake: FakeBackend):
    lines = "memory: [all]\ntone: [{name: upset, below: -0.2, say: Apologise.}]"
    workspace = write_chat(tmp_path, **{"memory: [all, none, last: 1]": lines})
    workspace.write("prompts/friend.j2", FRIEND.replace("Mira.", "Mira. {{ tone }}"))
    write_rows(workspace, [{"id": "a", "turns": ["Hello there", "This is terrible, I hate it!"]}])
    result = workspace.run()
    with workspace.store() as store:
        texts = [one.messages[0].text for one in Prompts(store, result.run_id).values()]
        rules = [t.rule for t in turns(store, result.run_id)]
    assert texts == ["You are Mira.", "You are Mira. Apologise."]
    assert rules == ["", "upset"]


def test_a_chat_can_be_raced(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path)
    write_rows(workspace, rows(40))
    result = workspace.run(race=True)
    assert result.errors == 0
    assert {s.case_id.split("/")[1] for s in workspace.samples(result.run_id)} == {"2", "4"}


def test_what_was_found_is_taken_off_the_estimate(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path)
    fake.behaviour.breaks_after = 3
    with pytest.raises(RunError):
        workspace.run()
    fake.behaviour.breaks_after = None
    notes = Notes()
    workspace.run(notes)
    (planned,) = (pair for pair in notes.asked)
    assert planned[1] - notes.spared == sum(map(len, notes.batches))


def test_a_model_that_cannot_write_is_no_user(tmp_path: Path, fake: FakeBackend):
    lines = "memory: [all]\nuser: {model: 'nowhere:b'}"
    workspace = write_chat(tmp_path, **{"memory: [all, none, last: 1]": lines})
    write_rows(workspace, [PLAYED])
    with pytest.raises(ModelError):
        workspace.run()


def test_many_dialogues_go_on_in_several_groups(tmp_path: Path, fake: FakeBackend):
    workspace = write_chat(tmp_path, "[last: 1]")
    write_rows(workspace, rows(70))
    result = workspace.run()
    assert said(workspace, result.run_id) == expected(workspace.plan(), MEMORIES)


def test_a_judge_sees_the_talk_and_the_prompt(tmp_path: Path, fake: FakeBackend):
    judge = "  - judge: {model: 'fake:j', rubric: 5 = good, fields: [talk], control: false}"
    workspace = write_chat(tmp_path, "[all]", **{"  - words: {max: 8}": judge})
    result = workspace.run()
    replies = said(workspace, result.run_id)
    with workspace.store() as store:
        sql = "SELECT text FROM request WHERE text LIKE '%Rate a text%'"
        asked = [text for (text,) in store.query(sql)]
    assert len(asked) == 6
    first = replies["friend", "talk-0", 1]
    wanted = f"User: My number is 0.\nAssistant: {first}\nUser: Which room is it?"
    assert sum(wanted in text for text in asked) == 2, "of turn 2, and in what came before turn 4"
    assert sum(text.count("Assistant: ") for text in asked) == 3 * 1 + 3 * 3

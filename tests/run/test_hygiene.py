"""What train or dev gives away is not judged in silence (row 16), and what is left out is told."""

from __future__ import annotations

from typing import Any

import pytest

from promptbench.error import SuiteError
from promptbench.model.protocol import quiet
from promptbench.run import hygiene
from promptbench.run.check import check_suite
from promptbench.run.examples import train_cases
from promptbench.run.option import Options
from promptbench.suite.read import read_suite
from tests.run.workspace import Workspace, email

LETTER = (
    "Dear all, the meeting about the new building has been moved to Friday at ten, because the"
    " large room is taken on Thursday. Please bring your notes and tell Anna whether you can come."
)
FEWSHOT = "  - {file: ../prompts/fewshot.j2, examples: {count: 3, seed: 1}}\nmodels:"


def letter(number: int, body: str = LETTER, **fields: Any) -> dict[str, Any]:
    return {**email(number), "subject": "The building", "body": body} | fields


@pytest.fixture
def leaky(workspace: Workspace) -> Workspace:
    """A workspace with one of six test cases in train, nearly, and another one in dev."""
    workspace.cases("test", *map(email, range(4)), letter(4), email(5))
    workspace.cases("dev", {**email(1), "id": "dev-1"}, email(10))
    workspace.cases("train", email(20), letter(21, LETTER.replace("Anna", "Eve")), email(22))
    return workspace


def test_a_run_is_refused_with_the_pairs_and_what_to_do(leaky: Workspace):
    with pytest.raises(SuiteError) as caught:
        leaky.plan()
    what, hint = caught.value.what, caught.value.hint
    assert what.startswith(
        "2 of 6 test cases leak from dev and train: mail-1 equals dev case dev-1"
    )
    assert "mail-4 is 0.9" in what and "similar to train case mail-21" in what
    assert "suites/mail/train.jsonl:2)" in what
    assert caught.value.where.endswith("suites/mail/test.jsonl:2")
    assert (
        "promptbench split" in hint and "--allow-leaks" in hint and "evaluates the other 4 " in hint
    )


def test_nothing_is_opened_before_the_refusal(leaky: Workspace):
    leaky.edit("suites/mail.yaml", "fake:a", "no-such-model")
    with pytest.raises(SuiteError, match="cases leak"):
        leaky.plan()


def test_many_leaks_are_told_by_the_first_few(workspace: Workspace):
    workspace.cases("train", *({**email(n), "id": f"t-{n}"} for n in range(5)))
    with pytest.raises(SuiteError, match=r"5 of 6 test cases leak from train: .*; and 2 more"):
        workspace.plan()


def test_allowed_leaks_are_left_out_and_change_the_digest(leaky: Workspace):
    plan = leaky.plan(allow_leaks=True)
    assert [case.id for case in plan.cases] == ["mail-0", "mail-2", "mail-3", "mail-5"]
    leaky.cases("train", email(20))
    leaky.cases("dev", email(10))
    assert leaky.plan().digest != plan.digest
    leaky.cases("test", *(email(number) for number in (0, 2, 3, 5)))
    assert leaky.plan().digest == plan.digest


def test_allowing_leaks_where_there_are_none_changes_nothing(workspace: Workspace):
    assert workspace.plan(allow_leaks=True).digest == workspace.plan().digest


def test_a_run_without_a_clean_case_is_refused_all_the_same(workspace: Workspace):
    workspace.cases("train", *map(email, range(6)))
    with pytest.raises(SuiteError) as caught:
        workspace.plan(allow_leaks=True)
    assert "6 of 6" in caught.value.what and "No clean case would be left" in caught.value.hint


def test_only_the_cases_within_the_limit_are_checked(leaky: Workspace):
    assert len(leaky.plan(limit=1).cases) == 1
    with pytest.raises(SuiteError, match="1 of 2 test cases leak"):
        leaky.plan(limit=2)


def test_dev_is_held_against_train_alone_and_train_against_nothing(leaky: Workspace):
    assert leaky.plan(split="dev").judged.against == ("train",)
    assert leaky.plan(split="train").judged.against == ()
    leaky.edit("suites/mail.yaml", "  dev: mail/dev.jsonl\n  train: mail/train.jsonl\n", "")
    assert leaky.plan().judged.against == ()


def test_what_no_prompt_shows_hides_no_leak(workspace: Workspace):
    twin = {**email(3), "thread": "another", "received": "monday", "id": "twin"}
    workspace.cases("train", twin)
    with pytest.raises(SuiteError, match="mail-3 equals train case twin"):
        workspace.plan()


def test_equal_long_references_are_refused(workspace: Workspace):
    answer = "The meeting about the new building moves to Friday; bring notes and tell Anna soon."
    workspace.cases("test", email(0), {**email(1), "references": ["short", answer]})
    workspace.cases("train", {**email(20), "references": [answer]})
    with pytest.raises(SuiteError, match="mail-1 has a reference of train case mail-20"):
        workspace.plan()


def test_the_run_and_its_notes_say_what_was_left_out(leaky: Workspace):
    result = leaky.run(allow_leaks=True)
    told = "Evaluated on 4 of 6 cases: 1 leaks from dev and 1 leaks from train."
    assert told in result.summary.notes
    assert told in result.report.read_text(encoding="utf-8")
    with leaky.store() as store:
        manifest = store.run(result.run_id).manifest
    assert manifest["leaks"]["left out"] == 2
    assert manifest["leaks"]["from"] == {"dev": 1, "train": 1}
    assert manifest["leaks"]["pairs"][0] == "mail-1 equals dev case dev-1"
    assert str(leaky.folder) not in str(manifest)
    assert manifest["command"].endswith("--allow-leaks")
    assert manifest["cases"]["evaluated"] == 4


def test_a_clean_run_says_what_it_was_held_against(workspace: Workspace):
    result = workspace.run()
    with workspace.store() as store:
        facts = store.run(result.run_id).manifest["leaks"]
    assert (facts["compared with"], facts["left out"]) == (["train", "dev"], 0)
    assert not [note for note in result.summary.notes if "leak" in note]


def test_repeats_within_the_split_are_told_and_refuse_nothing(workspace: Workspace):
    twin = {**email(1), "id": "twin", "thread": "other"}
    workspace.cases("test", email(0), email(1), twin)
    result = workspace.run()
    assert any(
        note.startswith("1 of 3 cases is equal or nearly equal to an earlier one")
        for note in result.summary.notes
    )
    (warning,) = check_suite(workspace.suite, (), quiet).warnings
    assert warning.startswith("1 of 3 test cases equal or nearly equal an earlier one (twin and")


def test_large_data_is_announced(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    told: list[str] = []
    monkeypatch.setattr(hygiene, "MANY", 19)
    suite = read_suite(workspace.suite)
    hygiene.judged_cases(suite, Options(), set(), told.append)
    assert told == ["Looking for leaks among 20 cases ..."]
    monkeypatch.setattr(hygiene, "MANY", 20)
    hygiene.judged_cases(suite, Options(), set(), told.append)
    assert len(told) == 1


# Few-shot examples


def test_no_example_is_nearly_a_judged_case_or_has_its_long_answer(workspace: Workspace):
    answer = "The meeting about the new building moves to Friday; bring notes and tell Anna soon."
    workspace.edit("suites/mail.yaml", "models:", FEWSHOT)
    workspace.cases("test", email(0), letter(1), {**email(2), "references": [answer]})
    workspace.cases("dev", letter(10, LETTER[::-1]))
    near = letter(20, LETTER.replace("Anna", "Eve"))
    near_dev = letter(21, LETTER[::-1] + "!")
    answered = {**email(22), "references": [answer]}
    workspace.cases("train", near, near_dev, answered, *map(email, (23, 24, 25)))
    for options in ({}, {"limit": 1}):
        plan = workspace.plan(prompts=("fewshot",), allow_leaks=True, **options)
        shown = sorted(example["subject"] for example in plan.ready[0].examples or ())
        assert shown == [f"Meeting number {number}" for number in (23, 24, 25)]


def test_a_field_that_only_train_has_hides_no_example(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "models:", FEWSHOT)
    twin = {**email(5), "id": "twin", "annotator": "B"}
    workspace.cases("train", twin, *({**email(n), "annotator": "A"} for n in (20, 21, 22)))
    plan = workspace.plan(prompts=("fewshot",), allow_leaks=True)
    assert "Meeting number 5" not in {example["subject"] for example in plan.ready[0].examples}


def test_train_cases_are_all_of_them_or_an_error(leaky: Workspace):
    suite = read_suite(leaky.suite)
    assert [case.id for case in train_cases(suite)] == ["mail-20", "mail-21", "mail-22"]
    leaky.edit("suites/mail.yaml", "  train: mail/train.jsonl\n", "")
    with pytest.raises(SuiteError, match="no split 'train'"):
        train_cases(read_suite(leaky.suite))

"""`promptbench compare`: what changed from one run to another, and what must not be compared."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptbench.stats.multiplicity import benjamini_hochberg
from tests.cli.conftest import Ask
from tests.fake import FakeBackend
from tests.run.chatting import write_chat
from tests.run.workspace import Workspace, email

SUITE = "suites/mail.yaml"


def run_id(ask: Ask, *options: str) -> str:
    return str(json.loads(ask("run", SUITE, "--json", *options).out)["run"])


def changed_prompt(workspace: Workspace) -> None:
    workspace.edit("prompts/plain.j2", "Summarize this email.", "Say in brief what this says.")


def compared(ask: Ask, *arguments: str) -> list[dict[str, Any]]:
    reply = ask("compare", *arguments, "--json")
    assert reply.code == 0, reply.err
    pairs = json.loads(reply.out)["pairs"]
    assert isinstance(pairs, list)
    return pairs


@pytest.fixture
def two(ask: Ask, workspace: Workspace) -> tuple[str, str]:
    """Two runs of the same cases under different words of the prompts."""
    workspace.many(*map(email, range(12)))
    first = run_id(ask)
    changed_prompt(workspace)
    return first, run_id(ask)


def test_two_runs_are_compared_candidate_by_candidate(
    ask: Ask, workspace: Workspace, two: tuple[str, str]
):
    pairs = compared(ask, *two)
    assert [(p["first"], p["second"]) for p in pairs] == [
        (f"{two[0]}:plain", f"{two[1]}:plain"),
        (f"{two[0]}:brief", f"{two[1]}:brief"),
    ]
    assert pairs[0]["same"] == {"prompt": False, "model": True, "sampling": True}


def test_the_change_is_second_minus_first_over_the_same_cases(
    ask: Ask, workspace: Workspace, two: tuple[str, str]
):
    means = []
    for run in two:
        samples = [s for s in workspace.samples(run) if s.candidate == "plain"]
        means.append([s.scores["rougeL"].value or 0.0 for s in samples])
    (found,) = compared(ask, f"{two[0]}:plain", f"{two[1]}:plain")
    change = found["metrics"]["rougeL"]
    assert change["first"] == pytest.approx(sum(means[0]) / 12)
    assert change["change"] == pytest.approx((sum(means[1]) - sum(means[0])) / 12)
    assert change["low"] <= change["change"] <= change["high"]
    assert change["n"] == 12
    assert change["better"] == sum(b > a for a, b in zip(*means, strict=True))
    assert change["worse"] == sum(b < a for a, b in zip(*means, strict=True))
    assert change["better"] + change["same"] + change["worse"] == 12
    back = compared(ask, f"{two[1]}:plain", f"{two[0]}:plain")[0]["metrics"]["rougeL"]
    assert back["change"] == pytest.approx(-change["change"])
    assert (back["better"], back["worse"]) == (change["worse"], change["better"])
    assert (back["low"], back["high"]) == pytest.approx((-change["high"], -change["low"]))


def test_flips_of_a_binary_metric_are_all_that_went_between_right_and_wrong(
    ask: Ask, workspace: Workspace, two: tuple[str, str]
):
    first, second = (
        {
            s.case_id: s.scores["words"].value
            for s in workspace.samples(run)
            if s.candidate == "plain"
        }
        for run in two
    )
    (found,) = compared(ask, f"{two[0]}:plain", f"{two[1]}:plain", "--metric", "words")
    flips = found["metrics"]["words"]["flips"]
    assert {f["case_id"] for f in flips} == {case for case in first if first[case] != second[case]}
    assert [f["better"] for f in flips] == sorted(f["better"] for f in flips)
    assert list(found["metrics"]) == ["words"]


def test_flips_stand_first_in_the_terminal(ask: Ask, two: tuple[str, str]):
    reply = ask("compare", f"{two[0]}:plain", f"{two[1]}:plain")
    assert reply.code == 0
    assert "prompt differs, model the same, sampling the same" in reply.out
    flips = reply.out.index("right -> wrong" if "right -> wrong" in reply.out else "wrong -> right")
    assert flips < reply.out.index("95% interval")
    assert "p after Holm" in reply.out


def test_candidates_of_one_run_are_compared(ask: Ask):
    run = run_id(ask)
    (found,) = compared(ask, f"{run}:plain", f"{run}:brief")
    assert found["same"]["prompt"] is False


def test_a_run_without_a_candidate_takes_the_name_of_the_other_side(ask: Ask, two: tuple[str, str]):
    (found,) = compared(ask, f"{two[0]}:brief", two[1])
    assert found["second"] == f"{two[1]}:brief"


def test_runs_without_a_common_candidate_compare_their_best(ask: Ask, workspace: Workspace):
    first = run_id(ask, "--prompt", "plain")
    second = run_id(ask, "--prompt", "brief")
    (found,) = compared(ask, first, second)
    assert (found["first"], found["second"]) == (f"{first}:plain", f"{second}:brief")


def test_equal_runs_differ_by_nothing(ask: Ask):
    first = run_id(ask)
    for pair in compared(ask, first, run_id(ask, "--fresh")):
        assert pair["metrics"]["rougeL"]["change"] == 0
        assert pair["metrics"]["rougeL"]["flips"] == []
        assert set(pair["same"].values()) == {True}


def test_a_run_that_did_not_finish_is_compared_on_what_it_has(
    ask: Ask, workspace: Workspace, fake: FakeBackend
):
    first = run_id(ask)
    changed_prompt(workspace)
    fake.behaviour.failing = ("number 2:",)
    second = run_id(ask)
    pair = compared(ask, first, second)[0]
    assert pair["metrics"]["rougeL"]["n"] == 5
    assert pair["remarks"] == [f"{second} is failed: only the outputs that it has are compared"]
    assert f"{second} is failed" in ask("compare", first, second).out


# What is refused


def test_other_data_is_refused_with_what_differs(ask: Ask, workspace: Workspace):
    first = run_id(ask)
    changed = {**email(1), "references": ["Something else."]}
    workspace.many(changed, *map(email, range(2, 20)))
    second = run_id(ask)
    reply = ask("compare", first, second)
    assert (reply.code, reply.out) == (2, "")
    assert f"1 only in {first} (mail-0)" in reply.err
    assert f"14 only in {second} (mail-6, mail-7, mail-8, mail-9, mail-10, ...)" in reply.err
    assert "1 of the same id and other content (mail-1)" in reply.err


def test_a_metric_of_other_settings_is_left_out_with_why(ask: Ask, workspace: Workspace):
    first = run_id(ask)
    workspace.edit(SUITE, "words: {max: 8}", "words: {max: 9}")
    second = run_id(ask)
    pair = compared(ask, first, second)[0]
    assert list(pair["metrics"]) == ["rougeL"]
    assert pair["not_compared"] == ["words: its settings differ (max 8 and 9)"]
    assert "not compared: words: its settings differ" in ask("compare", first, second).out
    reply = ask("compare", first, second, "--metric", "words")
    assert reply.code == 2
    assert "nothing can be compared: words: its settings differ (max 8 and 9)" in reply.err


@pytest.mark.parametrize(
    ("second", "options", "what"),
    [
        ("mail-00000000", [], "there is no run 'mail-00000000'"),
        ("{run}:plane", [], "Did you mean 'plain'?"),
        ("{run}", [], "a candidate cannot be compared with itself"),
        ("{run}:plain", [], "a candidate cannot be compared with itself"),
        ("{run}:brief", ["--metric", "rogueL"], "Did you mean 'rougeL'?"),
    ],
)
def test_what_is_not_there_or_the_same_is_bad_input(
    ask: Ask, second: str, options: list[str], what: str
):
    run = run_id(ask)
    reply = ask(
        "compare", f"{run}:plain" if ":" in second else run, second.format(run=run), *options
    )
    assert (reply.code, reply.out) == (2, "")
    assert what in reply.err


def test_exploring_shows_q_values_and_says_what_they_are_worth(ask: Ask, two: tuple[str, str]):
    planned = compared(ask, *two)
    explored = compared(ask, *two, "--explore")
    assert "q" not in planned[0]["metrics"]["rougeL"]
    changes = [change for pair in explored for change in pair["metrics"].values()]
    assert [c["q"] for c in changes] == pytest.approx(benjamini_hochberg([c["p"] for c in changes]))
    assert all(c["p"] <= c["q"] <= c["p_holm"] + 1e-12 for c in changes)
    told = ask("compare", *two, "--explore").out
    assert "Exploratory" in told and "false alarms" in told
    assert "after Holm" not in told
    assert "Exploratory" not in ask("compare", *two).out


def test_of_chats_it_says_whether_the_memory_is_the_same(ask: Ask, workspace: Workspace):
    write_chat(workspace.folder)
    run = str(json.loads(ask("run", "suites/talk.yaml", "--json").out)["run"])
    sides = [f"{run}:friend · {memory}" for memory in ("all", "last:1")]
    (pair,) = compared(ask, *sides)
    assert pair["same"] == {"prompt": True, "model": True, "sampling": True, "memory": False}
    assert "sampling the same, memory differs" in ask("compare", *sides).out
    reply = ask("export", run, "--turns", "--format", "jsonl")
    # Three memories, three dialogues of four turns.
    assert (reply.code, reply.out) == (0, f"{run}-turns.jsonl  36 rows\n")

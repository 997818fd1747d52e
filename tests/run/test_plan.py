from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints
from types import SimpleNamespace

import pytest

from promptbench.error import ModelError, SuiteError
from promptbench.metric import registry
from promptbench.metric.catalog import METRICS
from promptbench.record import Choice, Sampling
from promptbench.run.choice import able
from promptbench.run.plan import Plan
from tests.fake import FakeBackend
from tests.run.workspace import Workspace, email

LOUD = METRICS["exact"]

FEWSHOT = "  - {file: ../prompts/fewshot.j2, examples: {count: 3, seed: 1}}\nmodels:"


def names(plan: Plan) -> list[str]:
    return [ready.candidate.name for ready in plan.ready]


def texts(plan: Plan) -> list[str]:
    return [plan.request(slot).encoded.text for slot in plan.slots]


def with_fewshot(workspace: Workspace) -> None:
    workspace.edit("suites/mail.yaml", "models:", FEWSHOT)


def test_every_candidate_meets_every_case_and_repeat_once(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "  - fake:a", "  - fake:a\n  - fake:b")
    plan = workspace.plan(repeats=2)
    cells = [(slot.candidate, slot.case, slot.repeat) for slot in plan.slots]
    assert cells == [(c, k, r) for c in range(4) for k in range(6) for r in range(2)]
    assert len({slot.key for slot in plan.slots}) == len(cells)


def test_a_slot_renders_its_own_case(workspace: Workspace):
    plan = workspace.plan()
    for slot in plan.slots:
        request = plan.request(slot)
        assert f"Meeting number {slot.case}:" in request.encoded.text
        assert (request.key, request.encoded.tokens) == (slot.key, slot.tokens)


def test_a_candidate_is_named_after_its_prompt_alone_where_that_is_enough(workspace: Workspace):
    assert names(workspace.plan()) == ["plain", "brief"]


def test_a_candidate_is_named_after_all_that_tells_it_apart(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "  - fake:a", "  - fake:a\n  - fake:b")
    workspace.edit(
        "suites/mail.yaml",
        "sampling: {max_tokens: 16}",
        "sampling: [{name: cold}, {name: warm, temperature: 0.7}]",
    )
    found = names(workspace.plan(prompts=("plain",)))
    assert found == [f"plain · fake:{m} · {s}" for m in "ab" for s in ("cold", "warm")]


def test_prompts_are_picked_by_name_in_the_order_of_the_suite(workspace: Workspace):
    assert names(workspace.plan(prompts=("brief",))) == ["brief"]
    assert names(workspace.plan(prompts=("brief", "plain", "brief"))) == ["plain", "brief"]


def test_an_unknown_prompt_is_an_error_with_the_nearest_name(workspace: Workspace):
    with pytest.raises(SuiteError, match="no prompt 'plane'") as caught:
        workspace.plan(prompts=("plane",))
    assert "Did you mean 'plain'?" in caught.value.hint


def test_models_given_replace_those_of_the_suite(workspace: Workspace):
    plan = workspace.plan(models=("fake:x", "fake:y"), prompts=("plain",))
    assert [ready.candidate.model for ready in plan.ready] == ["fake:x", "fake:y"]
    identities = {ready.candidate.model_identity for ready in plan.ready}
    assert identities == {ready.model.info.identity for ready in plan.ready}
    assert len(identities) == 2


def test_an_unknown_model_of_the_suite_is_an_error_with_its_line(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "fake:a", "smolm2")
    with pytest.raises(ModelError, match="unknown model 'smolm2'") as caught:
        workspace.plan()
    assert caught.value.where.endswith("suites/mail.yaml:12")
    assert "Did you mean 'smollm2'?" in caught.value.hint


def test_limit_takes_the_first_cases(workspace: Workspace):
    assert [case.id for case in workspace.plan(limit=2).cases] == ["mail-0", "mail-1"]
    assert len(workspace.plan(limit=100).cases) == 6


def test_a_split_is_chosen_by_name(workspace: Workspace):
    assert len(workspace.plan(split="dev").cases) == 4
    with pytest.raises(SuiteError, match="final"):
        workspace.plan(split="final")


def test_repeats_given_replace_those_of_the_suite(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "metrics:", "repeats: 3\nmetrics:")
    assert (workspace.plan().repeats, workspace.plan(repeats=2).repeats) == (3, 2)


def test_a_seed_given_replaces_that_of_every_sampling(workspace: Workspace):
    workspace.edit(
        "suites/mail.yaml",
        "sampling: {max_tokens: 16}",
        "sampling: [{name: one, temperature: 1, seed: 3}, {name: two, temperature: 0.5}]",
    )
    assert {r.candidate.sampling.seed for r in workspace.plan().ready} == {3, 0}
    assert {r.candidate.sampling.seed for r in workspace.plan(seed=7).ready} == {7}
    assert {s.key for s in workspace.plan(seed=7).slots}.isdisjoint(
        s.key for s in workspace.plan(seed=8).slots
    )


def test_a_seed_does_not_change_a_greedy_plan(workspace: Workspace):
    assert workspace.plan(seed=7).digest == workspace.plan(seed=8).digest


def test_the_first_metric_ranks_unless_the_suite_names_another(workspace: Workspace):
    assert workspace.plan().primary == "rougeL"
    workspace.edit("suites/mail.yaml", "metrics:", "primary: words\nmetrics:")
    assert workspace.plan().primary == "words"


def test_an_unknown_primary_is_an_error_that_names_the_metrics(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "metrics:", "primary: rougel\nmetrics:")
    with pytest.raises(SuiteError, match="'rougel' is not among the suite's metrics") as caught:
        workspace.plan()
    assert "Did you mean 'rougeL'?" in caught.value.hint
    assert "rougeL, words" in caught.value.hint


# Few-shot examples


def test_examples_come_from_train_only(workspace: Workspace):
    with_fewshot(workspace)
    plan = workspace.plan(prompts=("fewshot",))
    shown = [e["subject"] for e in plan.ready[0].examples or ()]
    assert len(shown) == 3
    assert set(shown) <= {f"Meeting number {n}" for n in range(20, 30)}
    assert all(subject in text for text in texts(plan) for subject in shown)


def test_examples_do_not_change_with_limit_split_or_the_other_prompts(workspace: Workspace):
    with_fewshot(workspace)
    whole = workspace.plan(prompts=("fewshot",)).ready[0].examples
    assert workspace.plan(prompts=("fewshot",), limit=1).ready[0].examples == whole
    assert workspace.plan(prompts=("fewshot",), split="dev").ready[0].examples == whole
    assert workspace.plan().ready[2].examples == whole


def test_a_train_case_that_says_what_a_judged_case_says_is_no_example(workspace: Workspace):
    with_fewshot(workspace)
    judged, tuned_on = email(5), email(13)
    twins = [{**judged, "id": "t-0", "subject": "MEETING number  5"}, {**tuned_on, "id": "t-1"}]
    workspace.cases("train", *twins, email(20), email(21), email(22))
    for limit in (None, 1):
        plan = workspace.plan(prompts=("fewshot",), limit=limit, allow_leaks=True)
        examples = plan.ready[0].examples or ()
        assert sorted(e["subject"] for e in examples) == [
            f"Meeting number {n}" for n in (20, 21, 22)
        ]


def test_too_few_examples_are_an_error_that_says_how_many_there_are(workspace: Workspace):
    with_fewshot(workspace)
    workspace.cases("train", email(20), {**email(21), "references": []})
    with pytest.raises(SuiteError, match="asks for 3 examples; only 1 train case"):
        workspace.plan()


def test_examples_without_a_train_split_are_an_error(workspace: Workspace):
    with_fewshot(workspace)
    workspace.edit("suites/mail.yaml", "  train: mail/train.jsonl\n", "")
    with pytest.raises(SuiteError, match="there is no train split") as caught:
        workspace.plan()
    assert caught.value.where.endswith("suites/mail.yaml:10")


# What fits


def test_a_prompt_that_does_not_fit_is_an_error_that_says_by_how_much(
    workspace: Workspace, fake: FakeBackend
):
    longest = {**email(3), "body": "word " * 100}
    workspace.cases("test", email(0), longest, {**email(4), "body": "word " * 90})
    lengths = sorted(slot.tokens for slot in workspace.plan(prompts=("plain",)).slots)
    fake.behaviour.context = lengths[1] + 16 - 1
    with pytest.raises(ModelError) as caught:
        workspace.plan(prompts=("plain",))
    excess = lengths[-1] - lengths[1] + 1
    assert "does not fit fake:a in 2 of 3 cases" in caught.value.what
    assert f"case mail-3 needs {excess} tokens more than the context" in caught.value.what
    assert f"(prompt {lengths[-1]}, output up to 16)" in caught.value.what


def test_a_prompt_that_just_fits_is_planned(workspace: Workspace, fake: FakeBackend):
    longest = max(slot.tokens for slot in workspace.plan().slots)
    fake.behaviour.context = longest + 16
    assert len(workspace.plan().slots) == 12


def test_a_model_without_a_limit_takes_any_prompt(workspace: Workspace, fake: FakeBackend):
    workspace.cases("test", {**email(0), "body": "word " * 5000})
    fake.behaviour.context = 0
    assert workspace.plan().slots[0].tokens > 5000


# The digest that says whether a run is continued


def test_the_same_suite_has_the_same_digest(workspace: Workspace):
    assert workspace.plan().digest == workspace.plan().digest


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("suites/mail.yaml", "max_tokens: 16", "max_tokens: 17"),
        ("suites/mail.yaml", "words: {max: 8}", "words: {max: 9}"),
        ("suites/mail.yaml", "  - rougeL\n", "  - rouge1\n"),
        ("suites/mail.yaml", "fake:a", "fake:b"),
        ("prompts/plain.j2", "You summarize emails.", "You summarize mails."),
        (
            "suites/mail/test.jsonl",
            'Bring notes to the meeting."]}\n{"id": "mail-1"',
            'Bring notes."]}\n{"id": "mail-1"',
        ),
    ],
)
def test_whatever_can_change_a_result_changes_the_digest(
    workspace: Workspace, name: str, old: str, new: str
):
    before = workspace.plan().digest
    workspace.edit(name, old, new)
    assert workspace.plan().digest != before


@pytest.mark.parametrize("options", [{"limit": 5}, {"repeats": 2}, {"split": "dev"}])
def test_options_that_change_the_cells_change_the_digest(
    workspace: Workspace, options: dict[str, object]
):
    assert workspace.plan(**options).digest != workspace.plan().digest


def test_another_version_of_a_package_with_a_metric_changes_the_digest(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    workspace.edit("suites/mail.yaml", "  - rougeL\n", "  - loud\n")

    def digest(version: str) -> str:
        point = EntryPoint("loud", f"{__name__}:LOUD", registry.GROUP)
        vars(point)["dist"] = SimpleNamespace(name="loudness", version=version)
        points = EntryPoints([point])
        monkeypatch.setattr(registry, "entry_points", lambda **wanted: points.select(**wanted))
        return workspace.plan().digest

    assert digest("1.0") == digest("1.0") != digest("1.1")


def test_a_model_gets_those_ways_to_answer_that_it_has(workspace: Workspace):
    (model,) = {id(r.model): r.model for r in workspace.plan().ready}.values()
    write, choose = Sampling(), Sampling(choice=Choice(("a", "b"), (("a",), ("b",))))
    both = {"written": write, "likelihood": choose}
    model.info = replace(model.info, writes=False, chooses=True)
    assert able(model, both) == {"likelihood": choose}
    assert able(model, {"written": write}) == {"written": write}, "refused later, with the reason"
    model.info = replace(model.info, writes=True, chooses=False)
    assert able(model, both) == {"written": write}

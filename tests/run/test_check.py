from __future__ import annotations

import pytest

from promptbench.error import DataError, ModelError, PromptError
from promptbench.model.protocol import quiet
from promptbench.run.check import Checked, check_suite
from tests.fake import FakeBackend
from tests.run.workspace import Workspace, email


def check(workspace: Workspace, *models: str) -> Checked:
    return check_suite(workspace.suite, models, quiet)


def test_a_good_suite_has_no_warnings_and_its_lengths_are_told(workspace: Workspace):
    checked = check(workspace)
    assert checked.warnings == ()
    assert [(f.split, f.prompt, f.cases) for f in checked.fits] == [
        (split, prompt, cases)
        for split, cases in (("test", 6), ("dev", 4), ("train", 10))
        for prompt in ("plain", "brief")
    ]
    lengths = sorted(slot.tokens for slot in workspace.plan(prompts=("plain",)).slots)
    assert checked.fits[0].longest == lengths[-1]
    assert lengths[0] <= checked.fits[0].median <= lengths[-1]


def test_checking_runs_no_model_and_writes_nothing(workspace: Workspace, fake: FakeBackend):
    before = sorted(workspace.folder.rglob("*"))
    check(workspace)
    assert fake.asked == []
    assert sorted(workspace.folder.rglob("*")) == before


def test_each_model_given_is_checked_instead(workspace: Workspace):
    assert {fit.model for fit in check(workspace, "fake:x", "fake:y").fits} == {"fake:x", "fake:y"}


def test_a_prompt_and_model_are_told_once_though_there_are_several_samplings(workspace: Workspace):
    workspace.edit(
        "suites/mail.yaml",
        "sampling: {max_tokens: 16}",
        "sampling: [{name: one}, {name: two, temperature: 1}]",
    )
    assert len(check(workspace).fits) == 6


def test_every_split_is_checked(workspace: Workspace):
    workspace.cases("dev", email(10), {**email(11), "subject": 3})
    check(workspace)
    broken = email(11)
    del broken["subject"]
    workspace.cases("dev", email(10), broken)
    with pytest.raises(PromptError, match="case mail-11"):
        check(workspace)
    workspace.cases("dev", email(10), email(10))
    with pytest.raises(DataError, match="mail-10"):
        check(workspace)


def test_a_prompt_that_fits_no_model_is_found_in_any_split(workspace: Workspace, fake: FakeBackend):
    workspace.cases("train", email(20), {**email(21), "body": "word " * 300})
    fake.behaviour.context = 200
    with pytest.raises(ModelError, match="case mail-21 needs"):
        check(workspace)


def test_clusters_and_cases_in_two_splits_are_warned_of(workspace: Workspace):
    twin = {**email(0), "id": "twin", "thread": "other", "subject": "MEETING  number 0"}
    near = {**email(2), "id": "near", "subject": "Another meeting"}
    workspace.cases("test", *({**email(n), "thread": f"t-{n}"} for n in range(6)))
    workspace.cases("dev", {**twin, "thread": "t-0"}, email(12))
    workspace.cases("train", {**near, "thread": "t-2"}, {**email(12), "id": "again"})
    leaks, clusters = check(workspace).warnings[:2], check(workspace).warnings[2:]
    assert [warning.split(" (")[0] for warning in leaks] == [
        "1 of 6 test cases leak from dev: mail-0 equals dev case twin",
        "1 of 2 dev cases leak from train: mail-12 equals train case again",
    ]
    assert all(warning.endswith("a run refuses them without --allow-leaks") for warning in leaks)
    assert set(clusters) == {
        "1 clusters stand in both test and dev",
        "1 clusters stand in both test and train",
        "1 clusters stand in both dev and train",
    }


def test_cases_without_a_cluster_share_none(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "  cluster: thread\n", "")
    assert check(workspace).warnings == ()


def test_repeats_at_temperature_0_are_warned_of(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "metrics:", "repeats: 3\nmetrics:")
    (warning,) = check(workspace).warnings
    assert warning.startswith("repeats: 3 at temperature 0")
    workspace.edit("suites/mail.yaml", "max_tokens: 16", "max_tokens: 16, temperature: 0.5")
    assert check(workspace).warnings == ()


def test_missing_references_are_warned_of_with_the_metrics_that_need_them(workspace: Workspace):
    workspace.cases(
        "test", email(0), {**email(1), "references": []}, {**email(2), "references": []}
    )
    (warning,) = check(workspace).warnings
    assert warning.startswith("2 of 3 test cases have no reference: rougeL will")


def test_one_missing_reference_is_told_of_as_one(workspace: Workspace):
    workspace.cases("test", email(0), {**email(1), "references": []})
    (warning,) = check(workspace).warnings
    assert warning == "1 of 2 test cases has no reference: rougeL will leave it unscored"


def test_references_in_a_field_of_another_name_are_warned_of_with_the_fields(workspace: Workspace):
    rows = [
        {"reference" if k == "references" else k: v for k, v in email(n).items()} for n in (0, 1)
    ]
    workspace.cases("test", *rows)
    (warning,) = check(workspace).warnings
    assert warning.startswith("no test case has a reference: rougeL will score nothing.")
    assert "Did you mean 'reference'? The rows have: " in warning


def test_missing_references_that_no_metric_needs_are_not_warned_of(workspace: Workspace):
    workspace.cases("test", {**email(0), "references": []})
    workspace.edit("suites/mail.yaml", "  - rougeL\n", "")
    assert check(workspace).warnings == ()

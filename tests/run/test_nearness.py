"""Learning or copying: measured for every output, told in the report, rebuilt from the store."""

from __future__ import annotations

import pytest

from promptbench.metric.nearest import Targets
from promptbench.run.job import report_of
from promptbench.store.nearness import nearness
from tests.fake import FakeBackend
from tests.run.classify import write_classification
from tests.run.workspace import Workspace, email

TARGET = "The meeting is on friday at 21."


def found(workspace: Workspace, run_id: str):
    with workspace.store() as store:
        return nearness(store, run_id)


def test_every_output_and_the_references_are_held_against_all_targets(workspace: Workspace):
    run = workspace.run()
    targets = Targets([text for n in range(20, 30) for text in email(n)["references"]])
    measured = found(workspace, run.run_id)
    outputs = {
        (sample.candidate, sample.case_id): sample.completion.text
        for sample in workspace.samples(run.run_id)
        if sample.completion
    }
    assert len(measured) == len(outputs) == 12
    for each in measured:
        value, place = targets.nearest(outputs[each.candidate, each.case_id]) or (None, 0)
        assert (each.value, each.train) == (value, f"mail-{20 + place // 2}")
        assert each.target == targets.texts[place]
        own = [targets.nearest(text) for text in email(int(each.case_id[5:]))["references"]]
        assert each.own == pytest.approx(sum(near[0] for near in own if near) / 2)


def test_a_case_without_reference_has_no_yardstick(workspace: Workspace):
    workspace.cases("test", {**email(0), "references": []}, email(1))
    measured = found(workspace, workspace.run().run_id)
    assert {each.case_id: each.own is None for each in measured} == {
        "mail-0": True,
        "mail-1": False,
    }


def test_errors_and_empty_outputs_are_not_measured(workspace: Workspace, fake: FakeBackend):
    fake.behaviour.failing = ("Meeting number 0:",)
    run = workspace.run()
    assert run.errors == 2
    assert "mail-0" not in {each.case_id for each in found(workspace, run.run_id)}
    assert len(found(workspace, run.run_id)) == 10


@pytest.mark.parametrize("train", [None, "train: mail/none.jsonl"])
def test_without_training_targets_nothing_is_measured_and_no_section_is_there(
    workspace: Workspace, train: str | None
):
    if train is None:
        workspace.edit("suites/mail.yaml", "  train: mail/train.jsonl\n", "")
    else:
        workspace.cases("train", *({**email(n), "references": []} for n in (20, 21)))
    run = workspace.run()
    assert found(workspace, run.run_id) == ()
    assert 'id="copying"' not in run.report.read_text(encoding="utf-8")


def test_the_train_split_itself_is_not_measured(workspace: Workspace):
    assert found(workspace, workspace.run(split="train").run_id) == ()


def test_a_classification_is_not_measured(tmp_path, fake: FakeBackend):
    workspace = write_classification(tmp_path / "labels")
    row = {"id": "t", "body": "Quite another text about rooms.", "about": "meeting"}
    workspace.cases("train", row)
    workspace.edit("suites/mail.yaml", "  references:", "  train: mail/train.jsonl\n  references:")
    assert found(workspace, workspace.run().run_id) == ()


def test_the_ranking_and_the_metrics_do_not_know_of_it(workspace: Workspace):
    run = workspace.run()
    assert {name for one in run.summary.standings for name in one.figures} == {"rougeL", "words"}
    scores = {name for sample in workspace.samples(run.run_id) for name in sample.scores}
    assert scores == {"rougeL", "words"}


def test_the_report_is_rebuilt_from_the_store_without_the_data(workspace: Workspace):
    run = workspace.run()
    page = run.report.read_bytes()
    assert b'id="copying"' in page
    (workspace.folder / "suites/mail/train.jsonl").unlink()
    with workspace.store() as store:
        report_of(store, run.run_id, workspace.folder / "reports")
    assert run.report.read_bytes() == page


def test_a_second_run_measures_the_same(workspace: Workspace):
    first = workspace.run()
    before, page = found(workspace, first.run_id), first.report.read_bytes()
    second = workspace.run()
    assert found(workspace, second.run_id) == before
    assert second.report.read_bytes() == page

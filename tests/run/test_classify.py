from __future__ import annotations

import json

import pytest

from promptbench.error import SuiteError
from promptbench.run.job import report_of, reports_folder
from tests.fake import FakeBackend
from tests.run.classify import write_classification
from tests.run.workspace import Workspace

CHOSEN, WRITTEN = "topic · likelihood", "topic · written"


@pytest.fixture
def topics(tmp_path, fake: FakeBackend) -> Workspace:
    return write_classification(tmp_path / "topics")


def test_both_ways_to_answer_are_scored_and_ranked_by_a_pooled_metric(topics: Workspace):
    result = topics.run()
    assert (result.generated, result.errors) == (12, 0)
    names = [each.candidate.name for each in result.summary.standings]
    assert names == [CHOSEN, WRITTEN]
    chosen, written = result.summary.standings
    # The prompt holds the label's own word, so the fake model always chooses rightly.
    assert chosen.figures["macro_f1"].estimate.mean == 1.0
    assert chosen.figures["calibration"].estimate.mean > 0
    assert written.figures["macro_f1"].estimate.mean < 1.0
    assert written.figures["calibration"].estimate is None
    assert written.figures["calibration"].unscored == 6
    assert "macro-F1 over 3 labels" in result.summary.verdict


def test_a_written_answer_that_names_no_label_is_wrong_and_says_so(topics: Workspace):
    samples = topics.samples(topics.run().run_id)
    written = [each for each in samples if each.candidate == WRITTEN]
    silent = [s for s in written if not {"meeting", "notes"} & set(s.completion.text.split())]
    assert 0 < len(silent) < len(written)
    for sample in silent:
        score = sample.scores["accuracy"]
        assert (score.value, score.reason) == (0.0, "names no label")
        assert sample.scores["macro_f1"].parts[1:] == (-1.0, 3.0)


def test_the_report_is_built_from_the_store_alone(topics: Workspace):
    result = topics.run()
    first = result.report.read_bytes()
    topics.suite.unlink()
    with topics.store() as store:
        _, path = report_of(store, result.run_id, reports_folder(topics.folder))
    assert path.read_bytes() == first
    assert b'id="classification"' in first


def test_the_words_of_a_label_make_another_run(topics: Workspace):
    first = topics.run().run_id
    topics.edit("suites/mail.yaml", "  notes: [notes]", "  notes: [notes, friday]")
    again = topics.run()
    assert again.run_id != first
    assert again.generated == 6  # the words to choose from are part of a request, written or not


def test_a_metric_of_labels_needs_labels(workspace: Workspace):
    workspace.edit("suites/mail.yaml", "  - words: {max: 8}", "  - macro_f1")
    with pytest.raises(SuiteError) as raised:
        workspace.plan()
    assert str(raised.value) == (
        f"{workspace.suite}:16: metric 'macro_f1' judges labels, and the suite has none\n"
        "  Add `task: classify` and `labels:`."
    )


def test_words_that_read_alike_are_refused(topics: Workspace):
    topics.edit("suites/mail.yaml", "  notes: [notes]", "  notes: [notes, Meeting]")
    with pytest.raises(SuiteError, match="'meeting' of label 'meeting' reads like 'Meeting'"):
        topics.plan()


def test_an_unknown_reference_is_unscored(topics: Workspace):
    row = {"id": "mail-1", "body": "About our dinner.", "about": "dinner"}
    topics.write("suites/mail/test.jsonl", json.dumps(row))
    for sample in topics.samples(topics.run().run_id):
        score = sample.scores["accuracy"]
        assert score.value is None
        assert score.reason == "the reference 'dinner' is not among the labels"

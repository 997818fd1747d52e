"""Figures of different ROUGE variants stand under one name, or under each other's."""

from __future__ import annotations

import pytest

from promptbench.model.spec import BACKENDS
from tests.failures.scene import scored_by
from tests.metric.test_rouge import PREDICTIONS, TARGETS
from tests.run.judged import JudgeBackend
from tests.run.workspace import Workspace, email

METRICS = """\
  - rouge1
  - rouge1: {name: stems, stemmer: true}
  - rougeL
  - rougeLsum: {stemmer: true, split: lines}
"""
SAID = {
    "m0": PREDICTIONS[0],
    "m1": PREDICTIONS[1],
    "m2": "\n".join(PREDICTIONS),
    "m3": "w1 w3 w8 w9 w5\nw1 w2 w6 w7 w8",
}
MEANT = {"m0": TARGETS[0], "m1": TARGETS[1], "m2": "\n".join(TARGETS), "m3": "w1 w2 w3 w4 w5"}
# By ROUGE-1.5.5, as the tests of google-research/rouge publish them. The last two are worked out:
# Lin 2004 (section 3.2) has the union of the lines, which are in the other order here, so that the
# whole text has only w1 w3 w5 in order.
PUBLISHED = {
    ("m0", "rouge1"): 0.51163,
    ("m1", "rouge1"): 0.50000,
    ("m1", "stems"): 0.52941,
    ("m0", "rougeL"): 0.51163,
    ("m1", "rougeL"): 0.50000,
    ("m2", "rougeLsum"): 0.47205,
    ("m3", "rougeLsum"): 8 / 15,
    ("m3", "rougeL"): 6 / 15,
}


def test_each_variant_has_its_published_figure_and_its_name(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    backend = JudgeBackend(say=lambda request: SAID[request.messages[-1].text[:2]])
    monkeypatch.setitem(BACKENDS, "fake", backend)
    scored_by(workspace, METRICS)
    workspace.write("prompts/plain.j2", "{{ subject }} {{ body }}")
    rows = ({**email(n), "subject": id_, "references": [MEANT[id_]]} for n, id_ in enumerate(SAID))
    workspace.cases("test", *({**row, "id": row["subject"]} for row in rows))
    result = workspace.run(prompts=("plain",))
    samples = {sample.case_id: sample for sample in workspace.samples(result.run_id)}
    found = {(case, name): samples[case].scores[name].value for case, name in PUBLISHED}
    assert found == pytest.approx(PUBLISHED, abs=5e-6)
    (standing,) = result.summary.standings
    labels = [figure.metric.label for figure in standing.figures.values()]
    assert labels == [
        "rouge1 F1, best of references",
        "rouge1 F1, stemmed, best of references",
        "rougeL F1, best of references",
        "rougeLsum F1, stemmed, by line, best of references",
    ]

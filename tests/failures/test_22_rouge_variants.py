"""Row 22: variants of ROUGE taken for each other: rougeL for rougeLsum, stemmed for not."""

from __future__ import annotations

import pytest
from rouge_score.rouge_scorer import RougeScorer

from promptbench.metric.registry import build_metrics
from promptbench.record import Case, Completion, MetricSpec

REFERENCE = "The meeting was moved to friday.\nPlease bring your notes along."
OUTPUT = "Bringing notes is needed.\nThe meetings move to friday."


@pytest.mark.parametrize("stemmer", [False, True])
@pytest.mark.parametrize("kind", ["rouge1", "rouge2", "rougeL", "rougeLsum"])
def test_each_variant_has_its_own_figure_and_is_named_in_full(kind: str, stemmer: bool):
    settings = {"stemmer": stemmer} | ({"split": "lines"} if kind == "rougeLsum" else {})
    (metric,) = build_metrics([MetricSpec(kind, settings)])
    theirs = RougeScorer([kind], use_stemmer=stemmer).score(REFERENCE, OUTPUT)[kind].fmeasure
    done = Completion("k", OUTPUT, 1, 1, "stop", 0.1)
    assert metric.score(done, Case("c", {}, (REFERENCE,))).value == pytest.approx(theirs)
    assert metric.info.label.startswith(f"{kind} F1")
    assert ("stemmed" in metric.info.label) == stemmer


def test_the_variants_do_differ_here():
    scorer = {s: RougeScorer(["rougeL", "rougeLsum"], use_stemmer=s) for s in (False, True)}
    found = {s: scorer[s].score(REFERENCE, OUTPUT) for s in scorer}
    values = [each.fmeasure for one in found.values() for each in one.values()]
    assert len(set(values)) == 4

"""Judges and likelihoods for real: the embedded language model judges outputs of its own."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from promptbench.error import ModelError
from promptbench.metric.ask import AskingMetric
from promptbench.model.local.convert import is_ready
from promptbench.model.local.local import LocalModel
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED
from promptbench.record import Case
from promptbench.run.desk import Desk, Item
from promptbench.run.job import Result
from promptbench.store.answer import controls
from tests.model.bert import write_encoder
from tests.payloads.injection import ATTACKS
from tests.run.workspace import Notes, Workspace, email, write_workspace

CLOZE = """\
suite: mail
task: classify
labels: [good, bad]
data: {test: mail/test.jsonl}
prompts: [../prompts/mood.j2]
models: [./checkpoints/bert]
metrics: [accuracy, reference_perplexity]
"""
METRICS = """\
metrics:
  - reference_logprob
  - reference_perplexity
  - judge: {name: helpful, model: smollm2, rubric: 5 = says when, fields: [body]}
  - judge:
      name: preferred
      model: smollm2
      against: reference
      criterion: Which says when?
      fields: [body]
      control: false
"""

needs_smollm2 = pytest.mark.skipif(
    not is_ready(EMBEDDED["smollm2"], cache_folder()),
    reason="the embedded model is not installed: promptbench models pull smollm2",
)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One prompt, one short email."""
    workspace = write_workspace(tmp_path_factory.mktemp("judged"))
    workspace.edit("suites/mail.yaml", "metrics:\n  - rougeL\n  - words: {max: 8}\n", METRICS)
    workspace.edit("suites/mail.yaml", "  - ../prompts/brief.j2\n", "")
    workspace.edit("suites/mail.yaml", "fake:a", "smollm2")
    workspace.cases("test", email(1))
    return workspace


@pytest.fixture(scope="module")
def result(judged: Workspace) -> Result:
    """What the run came to."""
    return judged.run()


@pytest.mark.slow
@needs_smollm2
def test_outputs_are_judged_by_the_embedded_model(judged: Workspace, result: Result):
    assert result.errors == 0
    for sample in judged.samples(result.run_id):
        found = sample.scores
        assert found["helpful"].value in (1, 2, 3, 4, 5), found["helpful"].reason
        assert found["preferred"].value in (0, 0.5, 1), found["preferred"].reason
        assert len(found["preferred"].parts) == 4
        mean = found["reference_logprob"].value
        assert mean is not None and mean < 0
        assert found["reference_perplexity"].value == pytest.approx(math.exp(-mean))
    with judged.store() as store:
        assert len(list(controls(store, result.run_id))) == 2
    page = result.report.read_text(encoding="utf-8")
    for text in ('id="judges"', "forged verdict", "Position: with the order swapped"):
        assert text in page


@pytest.mark.slow
@needs_smollm2
def test_the_second_run_asks_nothing(judged: Workspace, result: Result):
    page, notes = result.report.read_bytes(), Notes()
    again = judged.run(notes)
    assert notes.asked == []  # every score is there
    assert (again.run_id, again.report.read_bytes()) == (result.run_id, page)


@pytest.mark.slow
@needs_smollm2
def test_the_likelihood_is_that_of_transformers(judged: Workspace, result: Result):
    from transformers import AutoModelForCausalLM

    plan = judged.plan()
    model = plan.ready[0].model
    assert isinstance(model, LocalModel)
    plain = AutoModelForCausalLM.from_pretrained(model.checkpoint.folder, dtype=torch.float32)
    for slot, sample in zip(plan.slots, judged.samples(result.run_id), strict=True):
        before = list(plan.request(slot).encoded.ids)
        after = model.tokenizer.bare(plan.cases[slot.case].references[0])
        with torch.inference_mode():
            logits = plain(torch.tensor([before + after])).logits[0, len(before) - 1 : -1]
        shares = logits.double().log_softmax(dim=-1)
        mean = float(shares[torch.arange(len(after)), torch.tensor(after)].mean())
        assert sample.scores["reference_logprob"].value == pytest.approx(mean, abs=1e-4)


@needs_smollm2
def test_no_injection_brings_control_tokens_into_the_judges_prompt(judged: Workspace):
    plan = judged.plan()
    judge = plan.metrics[2]
    assert isinstance(judge, AskingMetric)

    def special(text: str) -> int:
        case = Case("one", {"subject": "A", "body": text}, (text,))
        desk = Desk(replace(plan, judged=replace(plan.judged, cases=(case,))), {(0, 0, 0): text})
        requests = desk.requests(Item(judge, 0, 0, 0))
        assert isinstance(requests, list)
        return sum(token.special for token in plan.jury["smollm2"].tokens(requests[0].encoded))

    usual = special("Two o'clock.")
    assert usual > 0
    assert [special(text) for text in ATTACKS.values()] == [usual] * len(ATTACKS)


def test_a_bert_is_not_asked_for_the_likelihood_of_a_text(tmp_path: Path):
    workspace = write_workspace(tmp_path / "cloze")
    write_encoder(workspace.folder / "checkpoints" / "bert", "bert")
    workspace.write("suites/mail.yaml", CLOZE)
    workspace.write("prompts/mood.j2", "it was {{ body }} . all [MASK] .")
    workspace.cases("test", {"body": "w1 w2", "references": "good"})
    with pytest.raises(ModelError) as raised:
        workspace.plan()
    assert "metric 'reference_perplexity' asks ./checkpoints/bert, which is encoder-only" in str(
        raised.value
    )
    assert "it cannot write" in str(raised.value)

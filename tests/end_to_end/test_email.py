"""The main job for real: emails of BC3, the embedded language model, two prompts, a report."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from promptbench.model.local.convert import is_ready
from promptbench.model.local.local import LocalModel
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED
from promptbench.run.job import Result
from tests.run.workspace import Workspace

PROJECT = Path(__file__).parents[2]
SUITE = "suites/mail.yaml"
OPTIONS = {"limit": 2, "prompts": ("plain", "executive")}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_ready(EMBEDDED["smollm2"], cache_folder()),
        reason="the embedded model is not installed: promptbench models pull smollm2",
    ),
]


@pytest.fixture(scope="module")
def emails(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the project's suite: the shortest emails first, and short outputs."""
    workspace = Workspace(tmp_path_factory.mktemp("project").resolve())
    copytree(PROJECT / "prompts", workspace.folder / "prompts")
    copytree(PROJECT / "suites" / "email", workspace.folder / "suites" / "email")
    workspace.write(SUITE, (PROJECT / "suites" / "email.yaml").read_text(encoding="utf-8"))
    workspace.edit(SUITE, "max_tokens: 96", "max_tokens: 16")
    path = workspace.folder / "suites" / "email" / "test.jsonl"
    rows = sorted(path.read_text(encoding="utf-8").splitlines(), key=len)
    path.write_text("\n".join(rows), encoding="utf-8")
    return workspace


@pytest.fixture(scope="module")
def result(emails: Workspace) -> Result:
    """What the run came to."""
    return emails.run(**OPTIONS)


def test_emails_are_summarized_scored_and_reported(emails: Workspace, result: Result):
    samples = emails.samples(result.run_id)
    assert (result.generated, result.reused, result.errors) == (4, 0, 0)
    assert [(s.candidate, s.repeat) for s in samples] == [("plain", 0)] * 2 + [("executive", 0)] * 2
    for sample in samples:
        done = sample.completion
        assert done is not None
        assert 8 <= done.output_tokens <= 16
        assert len(done.text.split()) >= 5
        assert done.finish_reason in ("stop", "length")
        scores = {name: score.value for name, score in sample.scores.items()}
        assert {"rougeL", "rouge1", "rouge2", "rougeLsum", "sentences", "words"} <= set(scores)
        assert 0 < (scores["rougeL"] or 0) <= (scores["rouge1"] or 0) < 1
        assert scores["words"] == 1.0
    page = result.report.read_text(encoding="utf-8")
    assert "executive" in page
    assert samples[0].case_id in page


def test_the_two_prompts_are_answered_differently(emails: Workspace, result: Result):
    texts = [s.completion.text for s in emails.samples(result.run_id) if s.completion]
    assert len(set(texts)) == 4


def test_a_second_run_generates_nothing_and_writes_the_same_report(
    emails: Workspace, result: Result
):
    page = result.report.read_bytes()
    again = emails.run(**OPTIONS)
    assert (again.generated, again.reused, again.run_id) == (0, 4, result.run_id)
    assert again.report.read_bytes() == page


def test_the_outputs_are_those_of_transformers_one_at_a_time(emails: Workspace, result: Result):
    import torch
    from transformers import AutoModelForCausalLM

    plan = emails.plan(**OPTIONS)
    model = plan.ready[0].model
    assert isinstance(model, LocalModel)
    plain = AutoModelForCausalLM.from_pretrained(model.checkpoint.folder, dtype=torch.float32)
    for slot, sample in zip(plan.slots, emails.samples(result.run_id), strict=True):
        ids = torch.tensor([plan.request(slot).encoded.ids])
        with torch.inference_mode():
            found = plain.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=16
            )
        tokens = found[0, ids.shape[1] :].tolist()
        assert sample.completion is not None
        assert sample.completion.key == slot.key
        assert sample.completion.text == model.tokenizer.decode(tokens).strip()
        assert sample.completion.output_tokens == len(tokens)

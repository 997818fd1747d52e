"""A real encoder-decoder on real emails: beside smollm2, exact, and nothing cut off in silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
import torch

from promptbench.error import ModelError
from promptbench.model.local.convert import is_ready
from promptbench.model.local.local import LocalModel
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED
from tests.run.workspace import Workspace

PROJECT = Path(__file__).parents[2]
SUITE = "suites/mail.yaml"


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not is_ready(EMBEDDED[name], cache_folder()),
        reason=f"the embedded model is not installed: promptbench models pull {name}",
    )


pytestmark = [pytest.mark.slow, needs("t5-titler")]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """A second thread gains little on a small model, and costs much on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def emails(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the project's email suite whose outputs are short."""
    workspace = Workspace(tmp_path_factory.mktemp("project").resolve())
    copytree(PROJECT / "prompts", workspace.folder / "prompts")
    copytree(PROJECT / "suites" / "email", workspace.folder / "suites" / "email")
    workspace.write(SUITE, (PROJECT / "suites" / "email.yaml").read_text(encoding="utf-8"))
    workspace.edit(SUITE, "max_tokens: 96", "max_tokens: 16")
    return workspace


@needs("smollm2")
def test_a_t5_is_ranked_beside_a_decoder_only_model(emails: Workspace):
    result = emails.run(limit=2, prompts=("plain",), models=("smollm2", "t5-titler"))
    samples = emails.samples(result.run_id)
    assert (result.generated, result.errors) == (4, 0)
    names = ("smollm2", "t5-titler")
    texts = {name: [s.completion for s in samples if name in s.candidate] for name in names}
    assert [len(found) for found in texts.values()] == [2, 2]
    assert all(done and done.text and not done.error for pair in texts.values() for done in pair)
    assert all(s.scores["rougeL"].value is not None for s in samples)
    page = result.report.read_text(encoding="utf-8")
    assert "smollm2" in page
    assert "t5-titler" in page


def test_its_outputs_are_those_of_transformers_one_at_a_time(emails: Workspace):
    from transformers import AutoModelForSeq2SeqLM

    options = {"limit": 6, "prompts": ("plain",), "models": ("t5-titler",)}
    result = emails.run(**options)
    plan = emails.plan(**options)
    model = plan.ready[0].model
    assert isinstance(model, LocalModel)
    alone = AutoModelForSeq2SeqLM.from_pretrained(model.checkpoint.folder, dtype=torch.float32)
    for slot, sample in zip(plan.slots, emails.samples(result.run_id), strict=True):
        ids = torch.tensor([plan.request(slot).encoded.ids])
        with torch.inference_mode():
            found = alone.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=16
            )
        tokens = found[0, 1:].tolist()
        assert sample.completion is not None
        assert sample.completion.text == model.tokenizer.decode(tokens).strip()
        assert sample.completion.output_tokens == len(tokens)


def test_a_prompt_of_over_512_tokens_is_an_error_that_says_by_how_much(emails: Workspace):
    options = {"limit": 5, "models": ("t5-titler",)}
    with pytest.raises(ModelError, match="does not fit t5-titler in 5 of 5 cases") as caught:
        emails.run(prompts=("fewshot",), **options)
    assert "238 tokens more than the context of 512 (prompt 750," in caught.value.what
    assert caught.value.where.endswith("prompts/email/fewshot.j2")
    # The output is the decoder's alone: it takes nothing from the prompt's 512.
    emails.edit(SUITE, "max_tokens: 16", "max_tokens: 600")
    assert len(emails.plan(prompts=("plain",), **options).slots) == 5
    emails.edit(SUITE, "max_tokens: 600", "max_tokens: 16")

"""Classification on real data and real models: a decoder, a T5 and two kinds of BERT."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch

from promptbench.error import ModelError
from promptbench.model.local.convert import is_ready
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED
from promptbench.run.job import Result, run_suite
from promptbench.run.option import Options
from tests.model.bert import write_encoder
from tests.run.workspace import Notes, Workspace

PROJECT = Path(__file__).parents[2]
SUITE = "suites/sentiment.yaml"


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not is_ready(EMBEDDED[name], cache_folder()),
        reason=f"the embedded model is not installed: promptbench models pull {name}",
    )


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """A second thread gains little on a small model, and costs much on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the project's sentiment suite."""
    workspace = Workspace(tmp_path_factory.mktemp("project").resolve())
    copytree(PROJECT / "prompts", workspace.folder / "prompts")
    copytree(PROJECT / "suites" / "sentiment", workspace.folder / "suites" / "sentiment")
    workspace.write(SUITE, (PROJECT / SUITE).read_text(encoding="utf-8"))
    return workspace


def run(workspace: Workspace, suite: str, **options: Any) -> Result:
    return run_suite(workspace.folder / suite, Options(**options), Notes())


def answered(workspace: Workspace, run_id: str, way: str) -> list[tuple[str, int]]:
    """What the candidates of one way of answering said, and of how many labels they told."""
    found = [s for s in workspace.samples(run_id) if way in s.candidate]
    assert all(s.completion is not None and not s.completion.error for s in found)
    return [(s.completion.text, len(s.completion.choices)) for s in found if s.completion]


@pytest.mark.slow
@needs("smollm2")
def test_a_decoder_answers_by_likelihood_and_by_writing(reviews: Workspace):
    result = run(reviews, SUITE, limit=8, prompts=("listed",))
    assert (result.generated, result.errors) == (16, 0)
    chosen = answered(reviews, result.run_id, "likelihood")
    assert {labels for _, labels in chosen} == {2}
    assert {text for text, _ in chosen} <= {"positive", "negative"}
    assert {labels for _, labels in answered(reviews, result.run_id, "written")} == {0}
    page = result.report.read_text(encoding="utf-8")
    assert "Confusion" in page or "confusion" in page
    again = run(reviews, SUITE, limit=8, prompts=("listed",))
    assert (again.generated, again.run_id) == (0, result.run_id)


@pytest.mark.slow
@needs("t5-titler")
def test_a_t5_answers_by_likelihood(reviews: Workspace):
    result = run(reviews, SUITE, limit=2, prompts=("plain",), models=("t5-titler",))
    assert result.errors == 0
    assert {labels for _, labels in answered(reviews, result.run_id, "likelihood")} == {2}


@pytest.fixture
def clozes(reviews: Workspace, tmp_path: Path) -> Workspace:
    """A suite of its own for models that fill in a blank; tiny ones know few words."""
    reviews.write(
        "suites/cloze.yaml",
        "\n".join(
            (
                "suite: cloze",
                "task: classify",
                "labels: {positive: [good], negative: [bad]}",
                "data: {test: sentiment/test.jsonl, references: label}",
                "prompts: [../prompts/sentiment/cloze.j2]",
                "models: [./checkpoints/bert]",
                "metrics: [accuracy, calibration]",
            )
        ),
    )
    return reviews


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_bert_fills_in_a_blank(clozes: Workspace, kind: str):
    write_encoder(clozes.folder / "checkpoints" / kind, kind)
    result = run(clozes, "suites/cloze.yaml", limit=5, models=(f"./checkpoints/{kind}",))
    assert result.errors == 0
    assert {labels for _, labels in answered(clozes, result.run_id, "cloze")} == {2}


def test_a_classification_head_answers_with_its_labels(clozes: Workspace):
    folder = write_encoder(
        clozes.folder / "checkpoints" / "head",
        "bert",
        "SequenceClassification",
        id2label={0: "negative", 1: "positive"},
        label2id={"negative": 0, "positive": 1},
    )
    assert folder.is_dir()
    result = run(clozes, "suites/cloze.yaml", limit=5, models=("./checkpoints/head",))
    assert result.errors == 0
    assert {labels for _, labels in answered(clozes, result.run_id, "cloze")} == {2}


def test_an_encoder_is_not_asked_to_write(clozes: Workspace):
    write_encoder(clozes.folder / "checkpoints" / "writer", "bert")
    clozes.write(
        "suites/write.yaml",
        "suite: write\ndata: {test: sentiment/test.jsonl, references: label}\n"
        "prompts: [../prompts/sentiment/cloze.j2]\nmodels: [./checkpoints/writer]\n"
        "metrics: [exact]\n",
    )
    with pytest.raises(ModelError, match="cannot write") as raised:
        run(clozes, "suites/write.yaml", limit=2)
    assert "task: classify" in raised.value.hint


def test_a_word_that_is_no_token_is_refused_before_anything_runs(clozes: Workspace):
    write_encoder(clozes.folder / "checkpoints" / "narrow", "bert")
    clozes.edit("suites/cloze.yaml", "negative: [bad]", "negative: [awfully]")
    with pytest.raises(ModelError, match="awfully"):
        run(clozes, "suites/cloze.yaml", limit=2, models=("./checkpoints/narrow",))

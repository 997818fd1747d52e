"""What is trained on is, id for id, what the evaluation sends, and behind it the reference."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import pytest

from promptbench.error import DataError, ModelError, SuiteError
from promptbench.model.local.convert import is_ready
from promptbench.model.protocol import Setup
from promptbench.model.spec import cache_folder, open_model
from promptbench.model.wheel import EMBEDDED
from promptbench.prompt.example import as_example
from promptbench.tune.material import Material
from tests.model.bert import write_encoder
from tests.run.workspace import Workspace
from tests.tune.toy import CODES, LABELS, PATH, SIDES, material_of, write_toy

BEGIN, END = 1, 2
CHAT = (
    "{% block system %}You know codes.{% endblock %}{% block user %}Code: {{ text }}{% endblock %}"
)
needs_smollm2 = pytest.mark.skipif(
    not is_ready(EMBEDDED["smollm2"], cache_folder()),
    reason="the embedded model is not installed: promptbench models pull smollm2",
)


def refuse_other_ids(workspace: Workspace, material: Material, spec: str) -> None:
    """Every example's prompt is what a run of the same case sends."""
    model = open_model(spec, Setup(workspace.folder))
    assert len(material.train) == len(material.cases) > 0
    for case, one in zip(material.cases, material.train, strict=True):
        messages = material.rendering.template.render(case, material.rendering.shots)
        assert one.prompt == model.encode(messages).ids
        assert one.case_id == case.id


def write_rows(workspace: Workspace, split: str, *rows: dict[str, object]) -> None:
    """A split's cases."""
    text = "".join(json.dumps(one) + "\n" for one in rows)
    workspace.write(f"suites/codes/{split}.jsonl", text)


def test_plain_text_has_one_beginning_and_one_end(toy: Workspace):
    material = material_of(toy)
    refuse_other_ids(toy, material, "./checkpoints/base")
    for case, one in zip(material.cases, material.train, strict=True):
        ids = [*one.prompt, *one.answer]
        assert (ids[0], ids.count(BEGIN)) == (BEGIN, 1)
        assert (ids[-1], ids.count(END)) == (END, 1)
        assert material.tokenizer.decode(one.answer).strip() == case.references[0]
        assert material.tokenizer.decode(one.prompt) == case.variables["text"]


@needs_smollm2
def test_a_chat_prompt_is_the_evaluations_up_to_the_answer(tmp_path: Path):
    codes = {"blorfin": "Kzé 47", "wuggelo": "two\nlines, said Ann."}
    workspace = write_toy(tmp_path, codes, fillers=("the", "of"), prompt=CHAT, train=4)
    workspace.edit(PATH, "./checkpoints/base", "smollm2")
    material = material_of(workspace)
    refuse_other_ids(workspace, material, "smollm2")
    end = material.tokenizer.inner.eos_token_id
    for case, one in zip(material.cases, material.train, strict=True):
        text = str(material.tokenizer.inner.decode([*one.prompt, *one.answer]))
        assert text.count("<|im_start|>") == 3  # system, user, assistant
        assert text.startswith("<|im_start|>system\nYou know codes.")
        assert text.endswith(f"<|im_start|>assistant\n{case.references[0]}<|im_end|>")
        assert (one.answer[-1], one.answer.count(end)) == (end, 1)
        assert material.tokenizer.decode(one.answer) == case.references[0]


def test_an_encoder_decoder_reads_the_prompt_and_writes_the_answer(
    bases: dict[str, Path], tmp_path: Path
):
    workspace = write_toy(tmp_path)
    copytree(bases["t5"], tmp_path / "checkpoints" / "base")
    material = material_of(workspace)
    refuse_other_ids(workspace, material, "./checkpoints/base")
    for case, one in zip(material.cases, material.train, strict=True):
        assert (one.prompt[-1], one.prompt.count(END)) == (END, 1)
        assert (one.answer[-1], one.answer.count(END)) == (END, 1)
        assert material.tokenizer.decode(one.answer) == case.references[0]


def test_a_head_learns_the_position_of_the_label(tmp_path: Path):
    workspace = write_toy(tmp_path, SIDES, suite=LABELS)
    write_encoder(tmp_path / "checkpoints" / "base", "bert", head="")
    material = material_of(workspace)
    for case, one in zip(material.cases, material.train, strict=True):
        assert one.prompt == material.tokenizer.encode(material.rendering.template.render(case)).ids
        assert ("even", "odd")[one.label] == case.references[0]
        assert one.answer == ()


def test_a_writer_learns_a_labels_first_word(bases: dict[str, Path], tmp_path: Path):
    workspace = write_toy(tmp_path, SIDES, suite=LABELS)
    copytree(bases["llama"], tmp_path / "checkpoints" / "base")
    material = material_of(workspace)
    words = {"even": "w20", "odd": "w21"}
    for case, one in zip(material.cases, material.train, strict=True):
        assert material.tokenizer.decode(one.answer).strip() == words[case.references[0]]


def test_few_shot_examples_are_not_trained_on(toy: Workspace):
    toy.edit(
        PATH,
        "[../prompts/codes.j2]",
        "[{file: ../prompts/codes.j2, examples: {count: 3, seed: 0}}]",
    )
    toy.write("prompts/codes.j2", "{% for e in examples %}{{ e.reference }} {% endfor %}{{ text }}")
    material = material_of(toy)
    shots = list(material.rendering.shots or ())
    assert len(shots) == 3
    assert not any(as_example(case) in shots for case in material.cases)
    assert 96 - 3 >= len(material.cases) >= 96 - 6  # a text may occur twice
    refuse_other_ids(toy, material, "./checkpoints/base")


@pytest.mark.parametrize(("words", "over"), [(252, 0), (253, 1), (300, 48)])
def test_what_does_not_fit_is_refused_by_how_much(toy: Workspace, words: int, over: int):
    # One beginning, the words, a code of two tokens and one end, in a context of 256.
    row = {"id": "long", "text": " ".join(["w10"] * words), "references": [CODES["w0"]]}
    write_rows(toy, "train", row)
    if not over:
        assert material_of(toy).train[0].tokens == 256
        return
    with pytest.raises(ModelError, match=rf"case long needs {over} tokens more .* 256"):
        material_of(toy)


def test_a_long_dev_case_is_refused_too(toy: Workspace):
    write_rows(toy, "dev", {"id": "d", "text": " ".join(["w10"] * 260), "references": ["w42"]})
    with pytest.raises(ModelError, match="case d needs"):
        material_of(toy)


def test_a_case_without_an_answer_is_not_trained_on(toy: Workspace):
    good = {"id": "good", "text": "w1 w10", "references": ["w44 w45"]}
    bad = {"id": "bad", "text": "w0 w10", "references": []}
    write_rows(toy, "train", good, bad)
    assert [example.case_id for example in material_of(toy).train] == ["good"]
    write_rows(toy, "train", bad)
    with pytest.raises(SuiteError, match="no case of the train split has a reference"):
        material_of(toy)


def test_an_answer_that_says_nothing_is_refused(toy: Workspace):
    write_rows(toy, "train", {"id": "bad", "text": "w0 w10", "references": [" "]})
    with pytest.raises(DataError, match="case bad: its reference is empty"):
        material_of(toy)


def test_a_label_that_the_suite_does_not_know_is_refused(bases: dict[str, Path], tmp_path: Path):
    workspace = write_toy(tmp_path, SIDES, suite=LABELS)
    copytree(bases["llama"], tmp_path / "checkpoints" / "base")
    write_rows(workspace, "train", {"id": "bad", "text": "w0", "references": ["prime"]})
    with pytest.raises(DataError, match="prime"):
        material_of(workspace)


def test_a_head_needs_labels(tmp_path: Path):
    workspace = write_toy(tmp_path)
    write_encoder(tmp_path / "checkpoints" / "base", "bert", head="")
    with pytest.raises(ModelError, match="needs a suite with labels"):
        material_of(workspace)


def test_a_smaller_draw_is_part_of_a_larger_one(toy: Workspace):
    few = {case.id for case in material_of(toy, limit=5).cases}
    more = {case.id for case in material_of(toy, limit=20).cases}
    assert len(few) == 5 and few < more
    assert few != {case.id for case in material_of(toy, limit=5, seed=1).cases}

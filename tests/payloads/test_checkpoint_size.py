"""Checkpoints and adapters that say that they are huge, or have no end: refused before they cost.

What is small on the disk stays small in memory: headers, JSON, the numbers of a config, and what an
adapter asks peft to look for.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from promptbench.error import ModelError
from promptbench.model.local import lora
from promptbench.model.local.adapter import apply
from promptbench.model.local.checkpoint import read_checkpoint
from promptbench.model.local.json_file import MOST_BYTES, MOST_TEXT
from promptbench.model.local.load import load, place_of
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.model.protocol import Setup
from promptbench.record import Message
from tests.cost import at_most
from tests.errors.checkpoint import WIDTH, write_checkpoint
from tests.payloads.test_pickle import adapter, given, said

DEEP, OBJECTS = b"[" * 100_000, b'{"a":' * 100_000
DIGITS = b"9" * 4000


def tensor(shape: str, offsets: str = "[0, 4]") -> bytes:
    """A header of one tensor."""
    return f'{{"a": {{"dtype": "F32", "shape": {shape}, "data_offsets": {offsets}}}}}'.encode()


HEADERS = {
    "deep": DEEP,
    "deep objects": OBJECTS,
    "a product without an end": tensor("[" + ",".join([DIGITS.decode()] * 5000) + "]"),
    "a text repeated": tensor('["a", 10000000000]'),
    "a list repeated": tensor("[[0], 10000000000]"),
    "dimensions without an end": tensor("[" + "1," * 1_000_000 + "1]"),
    "larger than the file": tensor("[1000000]"),
    "far larger than the file": tensor("[" + "10," * 50 + "10]"),
    "fewer than none": tensor("[-1, -1]"),
    "half a number": tensor("[0.5]"),
    "infinite": tensor("[Infinity]"),
    "truths": tensor("[true]"),
    "an object": tensor('{"1": 1}'),
    "an infinite end": tensor("[1]", "[0, Infinity]"),
    "an end that is none": tensor("[1]", "[0, NaN]"),
    "a list": b"[1, 2]",
    "a text": b'"a"',
    "no JSON": b"\x80\x04K\x01.",
}
LENGTHS = {"2**63": 2**63, "a gigabyte": 10**9}

# Numbers in config.json; each would be built one by one, or made room for.
ENDLESS = {
    "num_hidden_layers": 10**7,
    "n_layer": 10**12,
    "num_layers": 10**400,
    "num_decoder_layers": 10**9,
    "num_experts": 10**9,
    "num_local_experts": 10**9,
    "num_labels": 10**9,
}
NONE = {"num_hidden_layers": 0, "n_layer": -1}
OVERSIZE = {
    "vocab_size": 10**8,
    "intermediate_size": 10**8,
    "hidden_size": 10**6,
    "num_attention_heads": 10**6,
    "head_dim": 10**7,
}
# What is a list, a text or a number elsewhere.
KINDS: list[dict[str, Any]] = [
    {"architectures": 5},
    {"architectures": True},
    {"architectures": {"a": 1}},
    {"model_type": ["llama"]},
    {"model_type": {"a": 1}},
    {"model_type": 5},
    {"model_type": "roberta", "pad_token_id": "x"},
]

SETTINGS = (
    "config.json",
    "tokenizer_config.json",
    "generation_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.json",
    "model.safetensors.index.json",
)
BULKY = {
    "deep": DEEP,
    "deep objects": OBJECTS,
    "deep, and closed": b'{"a":' + b"[" * 500 + b"]" * 500 + b"}",
    "millions of values": b'{"a": [' + b"{}," * 1_000_001 + b"{}]}",
    "a number without an end": b'{"a": ' + b"9" * 100_000 + b"}",
}
LARGE = {name: MOST_BYTES for name in SETTINGS} | {
    "tokenizer.json": MOST_TEXT,
    "vocab.json": MOST_TEXT,
    "merges.txt": MOST_TEXT,
    "chat_template.jinja": MOST_TEXT,
}

# Python's `re` tries each way to part the 31 letters of a module's name.
SLOW = r"(?:(?:[\w.]|[\w.])+)+[^\w.]"
ADAPTERS: dict[str, dict[str, Any]] = {
    "a slow pattern of modules": {"target_modules": SLOW},
    "a slow pattern of other modules": {"exclude_modules": SLOW},
    "a slow rank": {"rank_pattern": {SLOW: 2}},
    "a slow alpha": {"alpha_pattern": {SLOW: 2}},
    "a slow pattern out of its group": {"rank_pattern": {f"a)|({SLOW}": 2}},
    "more patterns than can be tried": {"rank_pattern": {f"{n}(a|b)*": 2 for n in range(10**5)}},
    "a pattern of gigabytes": {"target_modules": "(?:(?:a{1000}){1000}){1000}"},
    "a pattern that calls itself": {"target_modules": "(?R)|a(?R)b"},
    "no pattern": {"target_modules": "((("},
    "a pattern among names": {"modules_to_save": [SLOW]},
    "a pattern among layers": {"layers_to_transform": [0], "layers_pattern": SLOW},
    "a list that is none": {"modules_to_save": [["a"]]},
    "a rank of gigabytes": {"r": 10**9},
    "a rank past its tensors": {"r": 5000},
    "no rank": {"r": 0},
    "half a rank": {"r": 1.5},
    "a rank for some": {"rank_pattern": {"q_proj": 10**8}},
    "a million layers": {"layer_replication": [[0, 1]] * 10**5},
    "layers that are not there": {"layer_replication": [[0, 10**9]]},
    "a beginning without an end": {"init_lora_weights": "pissa_niter_1000000000"},
    "rounds without an end": {"init_lora_weights": "loftq", "loftq_config": {"loftq_iter": 10**9}},
}
USUAL: list[dict[str, Any]] = [
    {},
    {"target_modules": r".*\.q_proj"},
    {"target_modules": r"^model\.layers\.\d+\.self_attn\.(q|x)_proj$"},
    {"target_modules": r"(?!.*vision).*q_proj"},
    {"target_modules": ["q_proj"], "exclude_modules": r".*\.v_proj"},
    {"r": 8, "rank_pattern": {"q_proj": 2}},
    {
        "r": 8,
        "rank_pattern": {r"layers\.\d+\.self_attn\.q_proj": 2},
        "alpha_pattern": {".*q_.*": 9},
    },
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "checkpoints" / "tiny")


def put(name: str, content: bytes) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_bytes(content)


def refused(folder: Path, megabytes: float = 100) -> str:
    with at_most(seconds=2, megabytes=megabytes), pytest.raises(ModelError) as caught:
        read_checkpoint(folder)
    assert len(str(caught.value)) < 1000
    return str(caught.value)


# Headers and JSON.


@pytest.mark.parametrize("name", HEADERS)
def test_a_hostile_header_is_a_damaged_file(folder: Path, name: str):
    header = HEADERS[name]
    content = struct.pack("<Q", len(header)) + header + b"abcd"
    (folder / "model.safetensors").write_bytes(content)
    assert "model.safetensors is damaged" in refused(folder)


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
def test_a_header_s_length_is_not_believed(folder: Path, length: int):
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", length) + b"{}")
    assert "its header is too long" in refused(folder)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("bulk", BULKY)
def test_settings_are_read_up_to_a_size(folder: Path, name: str, bulk: str):
    (folder / name).write_bytes(BULKY[bulk])
    assert name in refused(folder, megabytes=250)


@pytest.mark.parametrize("name", LARGE)
def test_no_file_beside_the_weights_is_too_large_to_be_read(folder: Path, name: str):
    with (folder / name).open("wb") as file:
        file.truncate(LARGE[name] + 1)  # takes no room
    assert f"{name}: has {LARGE[name] + 1:,} bytes" in refused(folder)


# The numbers of a config.


@pytest.mark.parametrize("key", ENDLESS)
def test_a_config_counts_no_more_layers_than_there_are_weights(folder: Path, key: str):
    said("config.json", **{key: ENDLESS[key]})(folder)
    assert f"config.json says {key}: 1" in refused(folder)


@pytest.mark.parametrize("key", ENDLESS)
def test_nor_does_a_part_of_it(folder: Path, key: str):
    said("config.json", text_config={"decoder": {key: ENDLESS[key]}})(folder)
    assert f"config.json says {key}: 1" in refused(folder)


@pytest.mark.parametrize("key", NONE)
def test_a_model_has_a_layer(folder: Path, key: str):
    said("config.json", **{key: NONE[key]})(folder)
    assert f"config.json says {key}: {NONE[key]}" in refused(folder)


@pytest.mark.parametrize("config", KINDS, ids=json.dumps)
def test_a_setting_of_a_wrong_kind_is_no_crash(folder: Path, config: dict[str, Any]):
    said("config.json", **config)(folder)
    with suppress(ModelError):  # what transformers can do without, it does without
        load(read_checkpoint(folder), place_of(Setup(folder, device="cpu")))


@pytest.mark.parametrize("key", OVERSIZE)
def test_no_room_is_made_for_what_the_weights_do_not_have(folder: Path, key: str):
    read = read_checkpoint(folder)
    read.config.update({key: OVERSIZE[key]})
    said("config.json", **{key: OVERSIZE[key]})(folder)
    with at_most(seconds=3, megabytes=150), pytest.raises(ModelError) as caught:
        load(read, place_of(Setup(folder, device="cpu")))
    assert "config.json" in str(caught.value) or "cannot be loaded" in str(caught.value)


def test_the_command_ends_with_exit_code_2_and_one_message():
    code, message, _ = given(said("config.json", vocab_size=10**8))
    assert code == 2 and message.count("error: ") == 1
    assert "config.json describes a model of" in message


@pytest.mark.parametrize("ids", ["x", {"a": 1}, ["x"], [[1]]], ids=json.dumps)
def test_what_ends_an_output_is_a_token(ids: Any):
    code, message, _ = given(said("generation_config.json", eos_token_id=ids))
    assert code == 2 and "Traceback" not in message and "a bug" not in message


@pytest.mark.parametrize("limit", ["x", [1], {"a": 1}], ids=json.dumps)
def test_a_tokenizer_s_setting_of_a_wrong_kind_is_no_crash(folder: Path, limit: Any):
    said("tokenizer_config.json", model_max_length=limit)(folder)
    with pytest.raises(ModelError, match="the tokenizer cannot be loaded"):
        Tokenizer(folder)


def test_a_chat_template_beside_the_others_is_under_the_digest(folder: Path):
    """transformers takes it where there is no other."""
    said("tokenizer_config.json", chat_template=None)(folder)
    more = folder / "additional_chat_templates" / "default.jinja"
    more.parent.mkdir()
    told = []
    for text in ("one", "two"):
        more.write_text(text)
        prompt = Tokenizer(folder).encode([Message("user", "Hello")]).text
        told.append((prompt, read_checkpoint(folder).digest))
    (first, before), (second, after) = told
    assert (first, second) == ("one", "two")
    assert before != after


# Adapters.


def opened(folder: Path) -> Any:
    return load(read_checkpoint(folder), place_of(Setup(folder, device="cpu")))


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_asks_for_nothing_without_an_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setattr(lora, "SECONDS", 0.2)
    adapter(**ADAPTERS[name])(folder)
    base = opened(folder.with_name("base"))
    with at_most(seconds=3, megabytes=200), pytest.raises(ModelError) as caught:
        apply(base, folder)
    assert len(str(caught.value)) < 1000
    slow = name.startswith("a slow") or "be tried" in name
    assert ("patterns of the adapter took longer" in str(caught.value)) == slow


@pytest.mark.parametrize("config", USUAL, ids=json.dumps)
def test_usual_adapters_are_applied(folder: Path, config: dict[str, Any]):
    adapter(**config)(folder)
    plain = opened(folder.with_name("base"))
    before = plain.model.layers[0].self_attn.q_proj.weight.clone()
    alpha = config.get("alpha_pattern", {}).get(".*q_.*", 2)
    apply(plain, folder)
    added = plain.model.layers[0].self_attn.q_proj.weight - before
    # The factors are ones: each weight grows by the rank, times alpha over the rank.
    assert added.flatten().tolist() == pytest.approx([alpha] * WIDTH**2, rel=1e-4)


def test_a_rank_needs_a_tensor_that_fits_the_model(folder: Path):
    """A thin tensor of 16 KB would else speak for gigabytes."""
    adapter(r=4000)(folder)
    layer = "base_model.model.model.layers.0.self_attn.q_proj"
    thin = {f"{layer}.lora_A.weight": np.ones((4000, 1), np.float32)}
    save_file(thin, folder / "adapter_model.safetensors")
    with pytest.raises(ModelError, match=r"a rank of 4000, and its tensors have 256 at most"):
        apply(opened(folder.with_name("base")), folder)


def test_the_first_pattern_that_fits_decides():
    """As with peft, which looks for it from the end of a name."""
    from peft import LoraConfig

    patterns = {"q_proj": 3, r".*layers\.0.*": 4, "v_proj": 5}
    config = LoraConfig(target_modules=r".*_proj", rank_pattern=patterns)
    names = [f"model.layers.{n}.{part}_proj" for n in range(2) for part in "qkv"]
    stored = {f"base_model.model.{n}.lora_A.weight": torch.ones(2, 4) for n in names}
    lora.settle(config, dict.fromkeys(["model", *names, "head"]), stored, Path())
    assert config.target_modules == {*names}
    found = {name.strip("^").replace("\\", ""): rank for name, rank in config.rank_pattern.items()}
    assert found == {names[0]: 3, names[1]: 4, names[2]: 4, names[3]: 3, names[5]: 5}


def test_count():
    assert (len(HEADERS), len(LENGTHS), len(SETTINGS), len(BULKY), len(LARGE)) == (18, 2, 7, 5, 11)
    assert (len(ENDLESS), len(NONE), len(OVERSIZE), len(KINDS)) == (7, 2, 5, 7)
    assert (len(ADAPTERS), len(USUAL)) == (21, 7)

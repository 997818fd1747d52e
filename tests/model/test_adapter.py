"""A LoRA adapter that is not applied makes a tuned model score like its base: none may slip in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copyfile, copytree
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from promptbench.error import ModelError
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.record import Message
from tests.model.tiny import plain_model, requests, texts, write_tiny

Tensors = dict[str, torch.Tensor]
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a base and an adapter that changes much."""
    place = tmp_path_factory.mktemp("adapter")
    write_adapter(place, "llama")
    return place


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A workspace of the test's own."""
    return Path(copytree(made, tmp_path / "place"))


def write_adapter(place: Path, kind: str) -> None:
    """A base of a kind, and an adapter for it that peft itself writes, its factors random."""
    # A T5's logits are hundreds with tiny's own factor, and round by as much.
    write_tiny(place / "base", kind, **({"initializer_factor": 0.3} if kind == "t5" else {}))
    settings = LoraConfig(r=4, target_modules="all-linear", fan_in_fan_out=kind == "gpt2")
    base = load_base(place, kind)
    with pytest.warns(FutureWarning, match="is_gradient_checkpointing"):
        model = get_peft_model(base, settings)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn_like(parameter) * 0.3)
    model.save_pretrained(str(place / "adapter"))
    said = {"kind": "finetune", "base": {"spec": "./base", "digest": opened(place, "./base")[1]}}
    (place / "adapter" / "promptbench.json").write_text(json.dumps(said), encoding="utf-8")


def load_base(place: Path, kind: str) -> Any:
    """The base as transformers loads it, not shared: peft changes it in place."""
    plain_model.cache_clear()
    return plain_model(place / "base", "encoder-decoder" if kind == "t5" else "decoder-only")


def opened(place: Path, spec: str = "./adapter") -> tuple[LocalModel, str]:
    """A model and the digest of its files."""
    model = open_model(spec, Setup(place))
    assert isinstance(model, LocalModel)
    return model, model.checkpoint.digest


def change(place: Path, edit: Callable[[Tensors], object]) -> None:
    """Change the adapter's tensors."""
    path = place / "adapter" / WEIGHTS
    stored = load_file(path)
    edit(stored)
    save_file(stored, path, metadata={"format": "pt"})


def configure(place: Path, **settings: Any) -> None:
    """Change the adapter's config."""
    path = place / "adapter" / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | settings), encoding="utf-8")


def refused(place: Path, match: str) -> ModelError:
    """Opening the adapter, or at the latest its first request, is refused."""
    with pytest.raises(ModelError, match=match) as raised:
        _ = opened(place)[0].loaded
    assert "adapter" in raised.value.where
    return raised.value


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
def test_outputs_are_those_of_pefts_own_unmerged_model(tmp_path: Path, kind: str):
    write_adapter(tmp_path, kind)
    model, _ = opened(tmp_path)
    base, _ = opened(tmp_path, "./base")
    with pytest.warns(FutureWarning, match="is_gradient_checkpointing"):
        theirs = PeftModel.from_pretrained(load_base(tmp_path, kind), str(tmp_path / "adapter"))
    theirs.eval()
    asked = requests(model, texts(6))
    for one in asked:
        ids = torch.tensor([one.encoded.ids])
        inputs = {"input_ids": ids}
        if kind == "t5":
            inputs["decoder_input_ids"] = torch.tensor([[0, 5, 9]])
        with torch.inference_mode():
            wanted = theirs(**inputs).logits
            found = model.loaded(**inputs).logits
            without = base.loaded(**inputs).logits
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
        assert (found - without).abs().max() > 0.01
    told = [c.text for batch in model.stream(asked) for c in batch]
    assert len(told) == len(asked)


def test_identity_is_not_the_bases_and_changes_with_every_byte(place: Path):
    before = opened(place)[0].info.identity
    assert before != opened(place, "./base")[0].info.identity
    path = place / "adapter" / WEIGHTS
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert opened(place)[0].info.identity != before


def test_a_tokenizer_beside_an_adapter_is_the_one_that_it_was_trained_with(place: Path):
    """A chat template of its own, say, without which a prompt is not what it has learned."""
    message = (Message("user", "w1 w2"),)
    plain, base = opened(place)[0], opened(place, "./base")[0]
    assert plain.encode(message) == base.encode(message)
    for path in (place / "base").glob("tokenizer*"):
        copyfile(path, place / "adapter" / path.name)
    template = place / "adapter" / "chat_template.jinja"
    template.write_text("w7{% for m in messages %} {{ m.content }}{% endfor %} w8", "utf-8")
    own = opened(place)[0]
    assert own.encode(message).text == "w7 w1 w2 w8"
    assert dict(own.info.details)["prompts"] == "chat template"
    template.write_text("w8{% for m in messages %} {{ m.content }}{% endfor %}", "utf-8")
    identities = {model.info.identity for model in (plain, own, opened(place)[0])}
    assert len(identities) == 3


def test_an_adapter_of_another_names_its_base_in_its_config(place: Path):
    (place / "adapter" / "promptbench.json").unlink()
    configure(place, base_model_name_or_path=str(place / "base"))
    assert opened(place)[0].loaded is not None


@pytest.mark.parametrize("name", [None, ""])
def test_an_adapter_that_names_no_base_is_refused(place: Path, name: str | None):
    (place / "adapter" / "promptbench.json").unlink()
    configure(place, base_model_name_or_path=name)
    refused(place, "does not say which model it is for")


def test_a_missing_tensor_is_refused(place: Path):
    change(place, lambda stored: stored.pop(min(stored)))
    assert "lacks 1 tensors" in refused(place, "lacks").what


def test_a_tensor_without_a_place_is_refused(place: Path):
    name = "base_model.model.model.layers.9.mlp.up_proj.lora_A.weight"
    change(place, lambda stored: stored.update({name: torch.ones(4, 32)}))
    refused(place, "has no place for 1 tensors, such as .*layers.9")


def test_renamed_layers_are_refused(place: Path):
    def rename(stored: Tensors) -> None:
        for name in list(stored):
            stored[name.replace("layers", "blocks")] = stored.pop(name)

    change(place, rename)
    refused(place, "lacks")


def test_second_factors_of_zeros_are_refused(place: Path):
    def empty(stored: Tensors) -> None:
        for name in stored:
            if "lora_B" in name:
                stored[name].zero_()

    change(place, empty)
    refused(place, "changes nothing")


@pytest.mark.parametrize("factor", ["lora_A", "lora_B"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(place: Path, factor: str, value: float):
    def poison(stored: Tensors) -> None:
        name = min(name for name in stored if factor in name)
        stored[name][0, 0] = value

    change(place, poison)
    refused(place, "not finite")


def test_tensors_of_another_rank_are_refused(place: Path):
    configure(place, r=8)
    refused(place, "does not fit the model")


def test_a_truncated_file_is_refused(place: Path):
    path = place / "adapter" / WEIGHTS
    path.write_bytes(path.read_bytes()[:-8])
    refused(place, "does not fit the model")


def test_a_pickled_adapter_is_refused(place: Path):
    (place / "adapter" / WEIGHTS).rename(place / "adapter" / "adapter_model.bin")
    assert WEIGHTS in refused(place, "pickle").hint


def test_an_adapter_without_weights_is_refused(place: Path):
    (place / "adapter" / WEIGHTS).unlink()
    refused(place, "has no weights")


@pytest.mark.parametrize("kind", ["IA3", "PREFIX_TUNING", None])
def test_another_kind_of_adapter_is_refused(place: Path, kind: str | None):
    configure(place, peft_type=kind)
    refused(place, "LORA is served")


def test_a_config_that_imports_a_package_is_refused(place: Path):
    configure(place, megatron_config={"size": 1}, megatron_core="antigravity")
    refused(place, "import a package")


def test_a_base_that_has_changed_is_refused(place: Path):
    path = place / "base" / "model.safetensors"
    stored = load_file(path)
    stored["model.norm.weight"] += 1
    save_file(stored, path, metadata={"format": "pt"})
    refused(place, "trained on other weights")


def test_an_adapter_of_an_adapter_is_refused(place: Path):
    copytree(place / "adapter", place / "second")
    said = {"base": {"spec": "./second"}}
    (place / "adapter" / "promptbench.json").write_text(json.dumps(said), encoding="utf-8")
    refused(place, "is no model here")


def test_a_folder_with_a_model_and_an_adapter_is_refused(place: Path):
    for name in (CONFIG, WEIGHTS):
        (place / "base" / name).write_bytes((place / "adapter" / name).read_bytes())
    with pytest.raises(ModelError, match="a whole model and an adapter"):
        open_model("./base", Setup(place))


@pytest.mark.parametrize("text", ["[]", '{"base": "x"}', "{"])
def test_a_broken_manifest_is_no_crash(place: Path, text: str):
    (place / "adapter" / "promptbench.json").write_text(text, encoding="utf-8")
    configure(place, base_model_name_or_path=str(place / "base"))
    if text == '{"base": "x"}':  # says nothing of its base, as another program's adapter
        assert opened(place)[0].info.family == "decoder-only"
    else:
        refused(place, "JSON")

"""Row 17: a LoRA adapter that is silently not applied, so that the tuned model is its base."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest
import torch
from safetensors.torch import load_file, save_file

from promptbench.error import ModelError
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from tests.model.test_adapter import write_adapter
from tests.model.tiny import answers, requests, texts


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base and an adapter that peft wrote for it."""
    place = tmp_path_factory.mktemp("adapter")
    write_adapter(place, "llama")
    return place


@pytest.fixture
def stored(made: Path, tmp_path: Path) -> tuple[Path, dict[str, torch.Tensor]]:
    """A copy to be changed, and the adapter's tensors."""
    place = Path(copytree(made, tmp_path / "place"))
    return place, load_file(place / "adapter" / "adapter_model.safetensors")


def loaded(place: Path, tensors: dict[str, torch.Tensor]) -> object:
    """The tuned model, with other tensors in the adapter's file."""
    save_file(tensors, place / "adapter" / "adapter_model.safetensors", metadata={"format": "pt"})
    return open_model("./adapter", Setup(place)).loaded  # type: ignore[attr-defined]


def test_the_tuned_model_answers_otherwise_than_its_base(made: Path):
    tuned, base = (open_model(spec, Setup(made)) for spec in ("./adapter", "./base"))
    ours, theirs = (
        [c.text for c in answers(m, requests(m, texts(4))).values()]  # type: ignore[arg-type]
        for m in (tuned, base)
    )
    assert ours != theirs
    assert tuned.info.identity != base.info.identity


def test_keys_that_do_not_match_are_refused(stored: tuple[Path, dict[str, torch.Tensor]]):
    place, tensors = stored
    renamed = {name.replace("self_attn", "attention"): t for name, t in tensors.items()}
    assert renamed.keys() != tensors.keys()
    with pytest.raises(ModelError, match=r"the adapter (lacks|has no place for)"):
        loaded(place, renamed)


def test_a_tensor_that_is_missing_is_refused(stored: tuple[Path, dict[str, torch.Tensor]]):
    place, tensors = stored
    tensors.pop(min(tensors))
    with pytest.raises(ModelError, match="the adapter lacks 1 tensors"):
        loaded(place, tensors)


def test_an_adapter_that_changes_nothing_is_refused(stored: tuple[Path, dict[str, torch.Tensor]]):
    place, tensors = stored
    idle = {name: t * 0 if "lora_B" in name else t for name, t in tensors.items()}
    with pytest.raises(ModelError, match="changes nothing"):
        loaded(place, idle)

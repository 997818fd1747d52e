from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest
import torch
from safetensors.torch import save_file

from promptbench.model.catalog import catalog
from promptbench.model.wheel import EMBEDDED
from tests.model.wheel import MODEL, install_wheel


def test_embedded_models_come_first_with_all_that_is_known_of_them(tmp_path: Path):
    found = list(catalog(tmp_path))
    assert [entry.spec for entry in found] == sorted(EMBEDDED)
    smollm2 = next(entry for entry in found if entry.spec == "smollm2")
    assert smollm2.family == "decoder-only (llama)"
    assert (smollm2.parameters, smollm2.license) == (134_515_008, "Apache-2.0")


def test_a_model_that_is_not_on_disk_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(EMBEDDED, "fakey", MODEL)
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path / "site")
    told = {entry.spec: entry.on_disk for entry in catalog(tmp_path)}
    assert told["fakey"] == "promptbench models pull fakey"
    install_wheel(tmp_path / "site")
    told = {entry.spec: entry.on_disk for entry in catalog(tmp_path)}
    assert told["fakey"] == "yes"


def test_checkpoints_of_the_workspace_follow_in_order_whole_or_not(
    folders: dict[str, Path], tmp_path: Path
):
    for name, kind in (("b", "t5"), ("a", "llama")):
        copytree(folders[kind], tmp_path / "checkpoints" / name)
    (tmp_path / "checkpoints" / "c").mkdir()
    (tmp_path / "checkpoints" / "notes.txt").write_text("no folder")
    *_, first, second, third = catalog(tmp_path)
    assert [e.spec for e in (first, second, third)] == [f"./checkpoints/{n}" for n in "abc"]
    assert (first.family, first.on_disk) == ("decoder-only (llama)", "yes")
    assert second.family == "encoder-decoder (t5)"
    assert first.parameters > 1000
    assert third.on_disk.startswith("unusable: ")


def test_an_adapter_is_listed_with_the_model_that_it_is_for(tmp_path: Path):
    folder = tmp_path / "checkpoints" / "tuned"
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    (folder / "promptbench.json").write_text('{"base": {"spec": "smollm2"}}')
    *_, bare = catalog(tmp_path)
    assert bare.on_disk == "unusable: the adapter has no weights"
    save_file({"lora_A": torch.zeros(4, 3)}, folder / "adapter_model.safetensors")
    *_, whole = catalog(tmp_path)
    assert (whole.spec, whole.family, whole.parameters) == (
        "./checkpoints/tuned",
        "LoRA adapter",
        12,
    )
    assert (whole.origin, whole.on_disk) == ("this workspace, for smollm2", "yes")

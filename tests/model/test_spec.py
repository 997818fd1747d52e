from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from shutil import copytree

import pytest
from huggingface_hub import constants

from promptbench.error import ModelError
from promptbench.model import spec as module
from promptbench.model.protocol import Setup
from promptbench.model.spec import cache_folder, open_model
from tests.fake import FakeBackend, FakeModel


def test_an_unknown_model_is_an_error_with_the_nearest_and_the_ways_to_name_one(tmp_path: Path):
    with pytest.raises(ModelError, match="unknown model 'smolm2'") as caught:
        open_model("smolm2", Setup(tmp_path))
    assert "Did you mean 'smollm2'?" in caught.value.hint
    assert "hf:org/name" in caught.value.hint
    assert "gguf:" in caught.value.hint
    assert "openai:NAME" in caught.value.hint


def test_the_name_of_a_checkpoint_alone_is_an_error_with_its_folder(tmp_path: Path):
    (tmp_path / "checkpoints" / "mine").mkdir(parents=True)
    with pytest.raises(ModelError, match="unknown model 'mine'") as caught:
        open_model("mine", Setup(tmp_path))
    assert caught.value.hint == "Did you mean './checkpoints/mine'?"


@pytest.mark.parametrize("spec", ["no\0name", "n" * 5000, ":", "a:b"])
def test_a_spec_that_is_nothing_is_an_error_of_ours(tmp_path: Path, spec: str):
    with pytest.raises(ModelError, match="unknown model"):
        open_model(spec, Setup(tmp_path))


def test_a_hub_id_without_its_prefix_is_an_error_with_both_ways_to_mean_it(tmp_path: Path):
    with pytest.raises(ModelError, match="unknown model 'org/name'") as caught:
        open_model("org/name", Setup(tmp_path))
    assert "'hf:org/name'" in caught.value.hint
    assert "'./org/name'" in caught.value.hint


@pytest.mark.parametrize(
    "spec", ["./checkpoints/tiny", "checkpoints/tiny", "tiny/../checkpoints/tiny"]
)
def test_a_relative_folder_starts_from_the_workspace(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str
):
    copytree(folders["llama"], tmp_path / "workspace" / "checkpoints" / "tiny")
    (tmp_path / "workspace" / "tiny").mkdir()
    monkeypatch.chdir(tmp_path)
    info = open_model(spec, Setup(tmp_path / "workspace")).info
    assert (info.spec, info.backend, info.architecture) == (spec, "local", "llama")


def test_an_absolute_folder_is_taken_as_it_is(folders: dict[str, Path], tmp_path: Path):
    assert open_model(str(folders["gpt2"]), Setup(tmp_path)).info.architecture == "gpt2"


def test_a_folder_in_the_home_may_be_named_with_a_tilde(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(folders["llama"].parent))
    assert open_model("~/llama", Setup(tmp_path)).info.architecture == "llama"


def test_the_same_weights_are_the_same_model_under_any_spec(
    folders: dict[str, Path], tmp_path: Path
):
    copytree(folders["llama"], tmp_path / "copy")
    specs = ["./copy", "copy", str(folders["llama"])]
    assert len({open_model(spec, Setup(tmp_path)).info.identity for spec in specs}) == 1


@pytest.mark.parametrize(
    "spec", ["./none", "~nobody-of-that-name/x", "./a\0b", f"./{'x' * 300}", "x" * 300, "", "."]
)
def test_a_folder_that_cannot_be_is_a_model_error(tmp_path: Path, spec: str):
    with pytest.raises(ModelError):
        open_model(spec, Setup(tmp_path))


# The hub


@pytest.mark.parametrize(
    "name",
    ["name", "org/", "org/name/more", "../name", "org/..", "a--b/c", "-a/b", "org/name@", ""],
)
def test_what_is_no_hub_id_is_refused_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="is not a hub id") as caught:
        open_model(f"hf:{name}", Setup(tmp_path))
    assert "hf:org/name" in caught.value.hint


def test_a_hub_model_that_is_not_here_while_offline_says_what_to_do(tmp_path: Path):
    program = (
        "from pathlib import Path\n"
        "from promptbench.model.protocol import Setup\n"
        "from promptbench.model.spec import open_model\n"
        "try: open_model('hf:org/name', Setup(Path('.')))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), **pythonpath()},
    )
    assert done.stdout.startswith("ModelError 'org/name' is not on this machine, and the hub")
    assert "hf download org/name" in done.stdout
    assert str(tmp_path) in done.stdout
    assert "Traceback" not in done.stderr


def pythonpath() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(module.__file__).parents[2])}


def test_a_hub_model_that_is_here_needs_no_network(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    cached = tmp_path / "models--org--name"
    copytree(folders["llama"], cached / "snapshots" / "abc")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("abc")
    assert open_model("hf:org/name", Setup(tmp_path)).info.architecture == "llama"


# Backends


def test_a_prefix_finds_its_backend(tmp_path: Path, fake: FakeBackend):
    model = open_model("fake:anything", Setup(tmp_path))
    assert isinstance(model, FakeModel)
    assert model.info.spec == "fake:anything"


def test_a_backend_of_another_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    offered(monkeypatch, "tests.model.test_spec:theirs")
    assert open_model("theirs:x", Setup(tmp_path)).info.spec == "theirs:x"


theirs = FakeBackend()


@pytest.mark.parametrize("place", ["no.such.module:theirs", "tests.model.test_spec:nothing"])
def test_a_backend_that_cannot_be_loaded_is_a_model_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
):
    offered(monkeypatch, place)
    with pytest.raises(ModelError, match="'theirs'"):
        open_model("theirs:x", Setup(tmp_path))


def offered(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Let another package offer a backend named `theirs`."""

    def found(group: str, name: str) -> list[EntryPoint]:
        wanted = (group, name) == ("promptbench.models", "theirs")
        return [EntryPoint(name, place, group)] if wanted else []

    monkeypatch.setattr(module, "entry_points", found)


def test_an_unknown_prefix_is_an_unknown_model(tmp_path: Path):
    with pytest.raises(ModelError, match="unknown model 'opnai:gpt'") as caught:
        open_model("opnai:gpt", Setup(tmp_path))
    assert caught.value.hint == "Did you mean 'openai:gpt'?"


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("PROMPTBENCH_CACHE")
    assert cache_folder().name == "promptbench"

"""Which backends there are for a model, and what is said of those that there are not."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from promptbench.backends import backend as module
from promptbench.backends.backend import find_backends, port_of
from promptbench.backends.option import BackendOptions
from promptbench.error import ModelError
from promptbench.model.embedded import weights_path
from promptbench.model.protocol import Setup
from promptbench.model.wheel import EMBEDDED
from tests.fake import FakeBackend
from tests.model.tiny import write_tiny


def without(*names: str) -> Callable[[str], Any]:
    """importlib's find_spec where some packages are not installed."""
    return lambda name: None if name in names else find_spec(name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny") / "llama", "llama")


def test_without_llama_cpp_the_local_engine_is_left_and_the_way_to_it_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "find_spec", without("llama_cpp"))
    found = find_backends(str(folder), BackendOptions(), Setup(folder))
    (only,) = found.backends
    assert (only.name, only.spec) == ("promptbench (float32)", str(folder))
    assert [each.name for each in found.missing] == ["llama.cpp", "llama.cpp server"]
    assert all("pip install 'llama-cpp-python[server]'" in each.why for each in found.missing)


def test_a_checkpoint_needs_a_file_to_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "find_spec", lambda name: True)
    found = find_backends(str(folder), BackendOptions(), Setup(folder))
    assert len(found.backends) == 1
    assert all("--gguf FILE" in each.why for each in found.missing)


@pytest.mark.parametrize("spec", ["fake:a", "t5"])
def test_what_is_no_decoder_of_this_process_is_refused(
    tmp_path: Path, fake: FakeBackend, spec: str
):
    spec = spec if ":" in spec else str(write_tiny(tmp_path / "t5", "t5"))
    with pytest.raises(ModelError, match="is no decoder in a transformers folder"):
        find_backends(spec, BackendOptions(), Setup(tmp_path))


@pytest.mark.skipif(weights_path(EMBEDDED["smollm2"]) is None, reason="smollm2 is not installed")
class TestGguf:
    """With llama-cpp-python."""

    @pytest.fixture(autouse=True)
    def installed(self) -> None:
        pytest.importorskip("llama_cpp")

    def test_an_embedded_model_has_a_file_of_its_own(self, tmp_path: Path):
        found = find_backends("smollm2", BackendOptions(), Setup(tmp_path))
        names = [each.name for each in found.backends]
        assert names[:2] == ["promptbench (float32)", "llama.cpp (Q4_1)"]
        assert [each.weights for each in found.backends[:2]] == ["float32, 538 MB", "Q4_1, 98 MB"]
        assert found.backends[1].spec == "gguf:smollm2"
        assert "the same rounded weights" in found.notes[0]
        assert 20_000 <= found.port < 40_000

    def test_a_server_that_lacks_a_package_is_missing_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(module, "find_spec", without("sse_starlette"))
        found = find_backends("smollm2", BackendOptions(), Setup(tmp_path))
        assert len(found.backends) == 2
        (missing,) = found.missing
        assert missing.why == "it needs sse_starlette: pip install 'llama-cpp-python[server]'"

    def test_a_file_of_another_size_is_asked_about(self, folder: Path, tmp_path: Path):
        from tests.model.llama_cpp.tiny import write_tiny as write_gguf

        path = write_gguf(tmp_path / "tiny.gguf")
        found = find_backends(str(folder), BackendOptions(gguf=str(path)), Setup(tmp_path))
        assert found.backends[1].name == "llama.cpp (F32)"
        assert "is it the same model?" in found.notes[0]


def test_a_port_goes_with_the_weights():
    assert port_of("0" * 64) == 20_000
    assert port_of("00000001" + "0" * 56) == 20_001
    assert {port_of(f"{number:08x}") // 20_000 for number in range(0, 2**32, 10**8)} == {1}

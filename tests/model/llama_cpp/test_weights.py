"""Which file a spec means, what is said of it, and what is not served."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from gguf import GGUFWriter

from promptbench.error import ModelError
from promptbench.model import embedded
from promptbench.model.llama_cpp import library as module
from promptbench.model.local.checkpoint import read_checkpoint
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from tests.llama import SMOLLM2, llama_cpp, opened
from tests.model.llama_cpp.tiny import write_tiny


def failing(spec: str, folder: Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        open_model(spec, Setup(folder))
    return caught.value


def test_an_embedded_model_is_named_without_a_path():
    info = opened("gguf:smollm2").info
    details = dict(info.details)
    assert (info.family, info.architecture, info.backend) == ("decoder-only", "llama", "gguf")
    assert (info.parameters, info.context) == (134_515_008, 8192)
    assert details["format"] == "Q4_1"
    assert details["file"] == hashlib.sha256(SMOLLM2.read_bytes()).hexdigest()
    assert llama_cpp.__version__ in details["engine"]
    assert (info.writes, info.chooses) == (True, True)


def test_a_path_starts_from_the_workspace_and_the_same_file_is_the_same_model(tmp_path: Path):
    (tmp_path / "models").mkdir()
    write_tiny(tmp_path / "models" / "a.gguf")
    write_tiny(tmp_path / "b.gguf")
    write_tiny(tmp_path / "c.gguf", "{{ messages[0].content }}")
    one, two, three = (
        open_model(spec, Setup(tmp_path)).info
        for spec in ("gguf:models/a.gguf", f"gguf:{tmp_path}/b.gguf", "gguf:./c.gguf")
    )
    assert one.identity == two.identity != three.identity
    assert [dict(one.details)["prompts"], dict(three.details)["prompts"]] == [
        "plain text",
        "chat template",
    ]


def test_a_file_that_is_not_there_is_an_error_that_says_what_could_be_meant(tmp_path: Path):
    error = failing("gguf:smolm2", tmp_path)
    assert f"there is no file {tmp_path / 'smolm2'}" in error.what
    assert "Did you mean 'smollm2'?" in error.hint
    assert "gguf:./model.gguf" in error.hint


def test_an_embedded_model_that_is_no_gguf_is_none_by_that_name(tmp_path: Path):
    assert "there is no file" in failing("gguf:t5-titler", tmp_path).what


def test_a_gguf_without_its_prefix_is_an_error_that_says_how_to_name_it(tmp_path: Path):
    path = write_tiny(tmp_path / "a.gguf")
    with pytest.raises(ModelError) as caught:
        read_checkpoint(path)
    assert f"gguf:{path}" in caught.value.hint


def test_a_part_of_a_split_file_is_refused_with_the_way_to_join_it(tmp_path: Path):
    (tmp_path / "big-00001-of-00003.gguf").write_bytes(b"GGUF")
    assert "llama-gguf-split --merge" in failing("gguf:big-00001-of-00003.gguf", tmp_path).hint


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "failed to read magic"),
        (b"no GGUF at all", "invalid magic characters"),
        (SMOLLM2.read_bytes()[:3_000_000], "not within the file bounds"),
    ],
    ids=["empty", "other", "cut"],
)
def test_a_damaged_file_is_an_error_in_the_words_of_llama_cpp(
    tmp_path: Path, content: bytes, why: str, capfd: pytest.CaptureFixture[str]
):
    (tmp_path / "bad.gguf").write_bytes(content)
    error = failing("gguf:bad.gguf", tmp_path)
    assert why in error.what
    assert error.where == str(tmp_path / "bad.gguf")
    assert capfd.readouterr() == ("", "")


def test_an_unknown_architecture_is_named(tmp_path: Path):
    writer = GGUFWriter(str(tmp_path / "odd.gguf"), "nonesuch")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert "unknown model architecture: 'nonesuch'" in failing("gguf:odd.gguf", tmp_path).what


def test_a_damaged_embedded_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / SMOLLM2.name
    path.write_bytes(b"GGUF")
    monkeypatch.setattr(embedded, "weights_path", lambda model: path)
    assert "is damaged" in failing("gguf:smollm2", tmp_path).what


def test_without_the_package_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_tiny(tmp_path / "a.gguf")
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    module.library.cache_clear()
    try:
        error = failing("gguf:a.gguf", tmp_path)
    finally:
        module.library.cache_clear()
    assert "llama-cpp-python, which is not installed" in error.what
    assert "pip install 'llama-cpp-python[server]'" in error.hint


def test_a_gpu_that_the_package_was_not_built_for_is_refused(tmp_path: Path):
    write_tiny(tmp_path / "a.gguf")
    with pytest.raises(ModelError, match="built without a GPU"):
        open_model("gguf:a.gguf", Setup(tmp_path, device="cuda"))

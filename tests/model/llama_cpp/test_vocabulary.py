from __future__ import annotations

import random
from functools import lru_cache
from pathlib import Path

import pytest

from promptbench.error import ModelError
from promptbench.model.llama_cpp.vocabulary import Vocabulary
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.record import Encoded, Message
from tests.llama import SMOLLM2
from tests.model.llama_cpp.tiny import TOKENS, write_tiny

# Digits and spaces, which SmolLM2 splits by a rule of its own; special tokens; characters of
# several bytes, joined and combined ones; what a text should not hold, and may.
PIECES = [
    "2  3",
    "12345",
    "\n\n",
    " ",
    "   ",
    "\t",
    "\r\n",
    "é",
    "日本語",
    "🚂",
    "👨‍👩‍👧",
    "don't",
    "½",
]
PIECES += [
    "<|im_end|>",
    "<|im_start|>user\n",
    "<|endoftext|>",
    "x" * 70,
    "\u00a0",
    "a.b,c;",
    "e\u0301",
]
PIECES += [
    "\x00",
    "\u2019s",
    "٣",
    "_",
    "İ",
    "The",
    " quick",
    "URL",
    "http://a.b/c?d=1",
    "#!",
    "fiancé",
]


@lru_cache(maxsize=1)
def ours() -> Vocabulary:
    return Vocabulary(SMOLLM2)


@lru_cache(maxsize=1)
def theirs() -> LocalModel:
    """The same file, read by transformers."""
    found = open_model("smollm2", Setup(Path.cwd()))
    assert isinstance(found, LocalModel)
    return found


def talks(count: int) -> list[tuple[Message, ...]]:
    """Messages of all kinds of text, drawn."""
    drawn = random.Random(1)

    def text() -> str:
        return "".join(drawn.choice(PIECES) for _ in range(drawn.randint(1, 12)))

    made = []
    for number in range(count):
        talk = [Message("user", text())]
        if number % 3 == 0:
            talk.insert(0, Message("system", text()))
        if number % 4 == 0:
            talk.append(Message("assistant", text()))
        made.append(tuple(talk))
    return made


def test_text_and_ids_are_exactly_those_of_the_transformers_tokenizer():
    for talk in talks(400):
        assert ours().encode(talk) == theirs().encode(talk)


def test_tokens_cover_the_characters_that_they_do_in_transformers():
    for talk in talks(40):
        encoded = ours().encode(talk)
        assert ours().spans(encoded) == theirs().tokens(encoded)


def test_ids_become_the_text_that_they_do_in_transformers():
    for talk in talks(40):
        ids = ours().encode(talk).ids
        for end in (len(ids), len(ids) // 2, 7):
            assert ours().decode(ids[:end]) == theirs().tokenizer.decode(ids[:end])


@pytest.mark.parametrize("words", [("positive", "negative"), ("New York", "new york", "42", "é")])
def test_words_behind_a_prompt_are_the_tokens_that_they_are_in_transformers(words: tuple[str, ...]):
    for talk in talks(20):
        encoded = ours().encode(talk)
        expected = theirs().tokenizer.continue_with(encoded, words)
        assert ours().continue_with(encoded, words) == expected


def test_a_word_of_no_token_is_an_error():
    with pytest.raises(ModelError, match="no token of the label word ''"):
        ours().continue_with(Encoded("a", (1,), 1), [""])


def test_the_tokens_that_end_an_answer_are_those_that_llama_cpp_knows():
    names = {ours().written(token) for token in ours().end_ids}
    assert {"<|im_end|>", "<|endoftext|>"} <= names


@pytest.fixture
def tiny(tmp_path: Path) -> Vocabulary:
    return Vocabulary(write_tiny(tmp_path / "tiny.gguf"))


def named(*tokens: str) -> list[int]:
    return [TOKENS.index(token) for token in tokens]


@pytest.mark.parametrize("text", ["hello", "<s>hello", "<s><s>hello"])
def test_a_prompt_begins_with_exactly_one_beginning_of_sequence(tiny: Vocabulary, text: str):
    assert tiny.ids(text)[:1] == named("<s>")
    assert tiny.ids(text).count(*named("<s>")) == 1


def test_without_a_template_messages_are_plain_text_with_blank_lines_between(tiny: Vocabulary):
    encoded = tiny.encode((Message("system", "he"), Message("user", "el")))
    assert encoded.text == "he\n\nel"
    ids = named("<s>", "▁", "he", "<0x0A>", "<0x0A>", "el")
    assert (list(encoded.ids), encoded.tokens) == (ids, 6)


def test_what_the_text_does_not_have_covers_none_of_it(tiny: Vocabulary):
    text = "é a\n🚂"
    spans = tiny.spans(Encoded(text, tuple(tiny.ids(text)), 0))
    assert [(s.text, s.start, s.end) for s in spans[:2]] == [("<s>", 0, 0), (" ", 0, 0)]
    assert [s.special for s in spans] == [True] + [False] * (len(spans) - 1)
    assert [(s.text, s.start, s.end) for s in spans[2:]] == [
        *[("é", 0, 1)] * 2,
        (" a", 1, 3),
        ("\n", 3, 4),
        *[("🚂", 4, 5)] * 4,
    ]


def test_a_character_whose_bytes_are_not_all_there_is_a_replacement_character(tiny: Vocabulary):
    assert tiny.decode(named("<0xF0>", "<0x9F>")) == "\ufffd"
    assert tiny.decode(named("<0xC3>", "<0xA9>")) == "é"


def test_a_token_longer_than_most_is_not_cut(tiny: Vocabulary):
    assert tiny.written(len(TOKENS) - 1) == TOKENS[-1] == "z" * 300


def test_the_template_of_the_file_is_found_with_its_special_tokens(tmp_path: Path):
    source = "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}"
    tiny = Vocabulary(write_tiny(tmp_path / "tiny.gguf", source))
    encoded = tiny.encode((Message("user", "he"),))
    assert encoded.text == "<s>he</s>"
    assert encoded.ids[0] == 1 and encoded.ids[-1] == 2 and encoded.ids.count(1) == 1


def test_what_the_metadata_says_is_told_and_what_it_lacks_is_nothing(tiny: Vocabulary):
    assert tiny.fact("general.architecture") == "llama"
    assert tiny.fact("llama.context_length") == "2048"
    assert tiny.fact("no.such.key") == ""

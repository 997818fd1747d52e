"""Which characters each token wrote, with tokenizers of the two great kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from promptbench.model.embedded import weights_path
from promptbench.model.local.local import LocalModel
from promptbench.model.local.written import token_ends
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.model.wheel import EMBEDDED
from tests.model.tiny import answers, requests

TEXTS = (
    "Plain words, two.",
    "Grüße aus Łódź — 10 €",
    "日本語のテキスト",
    "Thumbs 👍🏽 and a family 👨‍👩‍👧",
    "a real \ufffd in the text",
    "two\n\nlines\tand a tab",
)
Decode = Callable[[Sequence[int]], str]


def gpt2_like() -> Tokenizer:
    """Every byte is a token."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({sign: number for number, sign in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return made


def llama_like() -> Tokenizer:
    """ASCII letters are tokens; what else comes falls back to bytes."""
    signs = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁"]
    signs += [chr(code) for code in range(33, 127)]
    vocabulary = {sign: number for number, sign in enumerate(signs)}
    made = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True))
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    made.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return made


def coder(made: Tokenizer) -> tuple[Decode, Callable[[str], list[int]]]:
    fast = PreTrainedTokenizerFast(tokenizer_object=made)
    return lambda ids: str(fast.decode(list(ids))), lambda text: list(fast(text)["input_ids"])


def joined(text: str, ends: Sequence[int]) -> str:
    return "".join(text[a:b] for a, b in zip((0, *ends), ends, strict=False))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("make", [gpt2_like, llama_like])
def test_the_pieces_join_to_the_text(make: Callable[[], Tokenizer], text: str):
    decode, encode = coder(make())
    tokens = encode(text)
    assert len(tokens) >= len(text)
    ends = token_ends(decode, tokens, decode(tokens))
    assert len(ends) == len(tokens)
    assert list(ends) == sorted(ends) and ends[-1] == len(text)
    assert joined(text, ends) == text


@pytest.mark.parametrize("make", [gpt2_like, llama_like])
def test_a_character_of_several_tokens_is_whole_at_its_last_one(make: Callable[[], Tokenizer]):
    decode, encode = coder(make())
    ends = token_ends(decode, encode("a👍b"), "a👍b")
    # LLaMA's begins with the token of a space that is never shown.
    assert ends[-6:] == (1, 1, 1, 1, 2, 3)


def test_ends_are_those_of_the_stripped_text_and_do_not_pass_a_stop_string():
    def decode(tokens: Sequence[int]) -> str:
        return "".join([" \n", "One ", "two", " END"][token] for token in tokens)

    assert token_ends(decode, [0, 1, 2, 3], " \nOne two") == (0, 4, 7, 7)
    assert token_ends(decode, [0, 1], " \nOne ") == (0, 3)
    assert token_ends(decode, [0], " \n") == (0,)
    assert token_ends(decode, [], "") == ()


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
def test_a_model_tells_where_its_tokens_end(opened: dict[str, LocalModel], kind: str):
    model = opened[kind]
    done = answers(model, requests(model, ["w1 w2", "w3", "w5 w6 w9"], logprobs=True))
    for one in done.values():
        assert len(one.ends) == len(one.logprobs) == one.output_tokens
        assert joined(one.text, one.ends) == one.text
    assert all(not one.ends for one in answers(model, requests(model, ["w1 w2"])).values())


@pytest.mark.slow
@pytest.mark.skipif(weights_path(EMBEDDED["smollm2"]) is None, reason="smollm2 is not installed")
def test_the_embedded_model_tells_where_its_tokens_end(tmp_path: Path):
    model = open_model("smollm2", Setup(tmp_path))
    asked = requests(
        model,
        ["Write three emojis.", "Repeat exactly: Grüße aus Łódź, 10 €, 日本語 👍"],
        logprobs=True,
        max_tokens=24,
    )
    for one in answers(model, asked).values():
        assert len(one.ends) == len(one.logprobs) == one.output_tokens
        assert joined(one.text, one.ends) == one.text

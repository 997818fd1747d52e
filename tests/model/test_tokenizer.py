from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from promptbench.error import ModelError
from promptbench.model.embedded import weights_path
from promptbench.model.local.tokenizer import Tokenizer
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.model.wheel import EMBEDDED
from promptbench.record import Encoded, Message
from tests.model.tiny import write_tokenizer

BEGIN = 1
ADDS = "<s> $A"
WRITES = (
    "{{ bos_token }} {% for m in messages %}w1 {{ m.content }} w2 {% endfor %}"
    "{% if add_generation_prompt %}w3{% endif %}"
)
SILENT = WRITES.removeprefix("{{ bos_token }} ")
CHAT = (
    "{% for m in messages %}<s> {{ m.role }} {{ m.content }} </s> {% endfor %}"
    "{% if add_generation_prompt %}<s> w3{% endif %}"
)
ASK = (Message("user", "w10 w11"),)


def tokenizer(folder: Path, processing: str = "", template: str = "") -> Tokenizer:
    return Tokenizer(write_tokenizer(folder, processing, template))


def encode(tokenizer: Tokenizer, messages: Sequence[Message] = ASK) -> tuple[list[str], Encoded]:
    encoded = tokenizer.encode(messages)
    assert encoded.tokens == len(encoded.ids)
    return tokenizer.inner.convert_ids_to_tokens(list(encoded.ids)), encoded


# Exactly one beginning of sequence: row 9 of the failures


@pytest.mark.parametrize(
    ("processing", "template"),
    [(ADDS, WRITES), (ADDS, SILENT), (ADDS, ""), ("", WRITES)],
    ids=["both write it", "the tokenizer does", "no template", "the template does"],
)
def test_there_is_exactly_one_beginning_of_sequence(tmp_path: Path, processing: str, template: str):
    tokens, encoded = encode(tokenizer(tmp_path, processing, template))
    assert encoded.ids.count(BEGIN) == 1
    assert encoded.ids[0] == BEGIN
    answer = ["w1", "w10", "w11", "w2", "w3"] if template else ["w10", "w11"]
    assert tokens[1:] == answer


def test_a_chat_template_says_all_and_the_tokenizer_adds_no_end_to_it(tmp_path: Path):
    tokens, _ = encode(tokenizer(tmp_path, "<s> $A </s>", WRITES))
    assert tokens == ["<s>", "w1", "w10", "w11", "w2", "w3"]


def test_where_neither_writes_a_beginning_there_is_none(tmp_path: Path):
    tokens, _ = encode(tokenizer(tmp_path, "", SILENT))
    assert tokens == ["w1", "w10", "w11", "w2", "w3"]


def test_turns_that_begin_with_the_beginning_token_keep_theirs(tmp_path: Path):
    messages = (Message("system", "w5"), Message("user", "w6"))
    tokens, _ = encode(tokenizer(tmp_path, "", CHAT), messages)
    unknown = "<unk>"  # the roles are no words of this vocabulary
    assert tokens == (["<s>", unknown, "w5", "</s>", "<s>", unknown, "w6", "</s>", "<s>", "w3"])


def test_a_prompt_that_brings_its_own_beginning_gets_no_second(tmp_path: Path):
    tokens, _ = encode(tokenizer(tmp_path, ADDS), (Message("user", "<s> w1"),))
    assert tokens == ["<s>", "w1"]


# Templates


def test_without_a_template_messages_are_joined_by_a_blank_line(tmp_path: Path):
    made = tokenizer(tmp_path, ADDS)
    messages = (Message("system", "w1"), Message("user", "w2"), Message("assistant", "w3"))
    tokens, encoded = encode(made, messages)
    assert not made.has_template
    assert encoded.text == "w1\n\nw2\n\nw3"
    assert tokens == ["<s>", "w1", "w2", "w3"]


def test_the_prompt_ends_where_the_answer_begins(tmp_path: Path):
    _, encoded = encode(tokenizer(tmp_path, ADDS, WRITES))
    assert encoded.text.endswith("w2 w3")


def test_an_answer_that_is_begun_is_gone_on_with_and_not_closed(tmp_path: Path):
    begun = (*ASK, Message("assistant", "w20 w21"))
    tokens, encoded = encode(tokenizer(tmp_path, ADDS, CHAT), begun)
    assert encoded.text.endswith("w20 w21")
    assert tokens[-2:] == ["w20", "w21"]


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('Only user messages are supported!') }}",
        "{{ messages[7].content }}",
        "{% for m in messages %}{{ m.nothing.at_all }}{% endfor %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.clear() }}",
    ],
)
def test_a_template_that_refuses_or_attacks_is_an_error(tmp_path: Path, template: str):
    with pytest.raises(ModelError, match="the chat template refuses the prompt") as caught:
        tokenizer(tmp_path, "", template).encode(ASK)
    assert caught.value.where == str(tmp_path)


def test_text_of_a_message_is_never_read_as_a_template(tmp_path: Path):
    made = tokenizer(tmp_path, "", WRITES)
    assert "{{ 7 * 7 }}" in made.encode((Message("user", "{{ 7 * 7 }}"),)).text


# Tokens as text


@pytest.mark.parametrize(("processing", "template"), [(ADDS, WRITES), (ADDS, SILENT), (ADDS, "")])
def test_spans_name_every_token_in_order(tmp_path: Path, processing: str, template: str):
    made = tokenizer(tmp_path, processing, template)
    tokens, encoded = encode(made)
    spans = made.spans(encoded)
    assert [span.text for span in spans] == tokens
    assert [span.special for span in spans] == [token == "<s>" for token in tokens]
    for span in spans:
        assert span.end == span.start or encoded.text[span.start : span.end] == span.text


def test_decoding_leaves_special_tokens_out(tmp_path: Path):
    assert tokenizer(tmp_path).decode([1, 4, 5, 2]) == "w0 w1"


# The embedded model


needs_smollm2 = pytest.mark.skipif(
    weights_path(EMBEDDED["smollm2"]) is None, reason="the embedded model is not installed"
)


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    model = open_model("smollm2", Setup(tmp_path_factory.mktemp("workspace")))
    found = model.tokenizer  # type: ignore[attr-defined]
    assert isinstance(found, Tokenizer)
    return found


@needs_smollm2
def test_smollm2_splits_digits_and_keeps_two_spaces_together(smollm2: Tokenizer):
    assert smollm2.ids("Hi 2  3") == [26843, 216, 34, 256, 35]


@needs_smollm2
def test_smollm2_reads_its_chat_template_with_the_ids_that_it_was_trained_on(smollm2: Tokenizer):
    encoded = smollm2.encode((Message("system", "Be brief."), Message("user", "Hi")))
    assert encoded.text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert encoded.ids == (
        *(1, 9690, 198, 6077, 5453, 30, 2, 198),
        *(1, 4093, 198, 26843, 2, 198),
        *(1, 520, 9531, 198),
    )


@needs_smollm2
def test_smollm2_is_told_who_it_is_where_a_prompt_has_no_system_message(smollm2: Tokenizer):
    encoded = smollm2.encode((Message("user", "Hi"),))
    # As published: "You are a helpful AI assistant named SmolLM, trained by Hugging Face".
    assert encoded.ids[:23] == (
        *(1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511, 308, 34519, 28),
        *(7018, 411, 407, 19712, 8182, 2, 198, 1, 4093),
    )


@needs_smollm2
@pytest.mark.parametrize("text", ["naïve café 🙂 漢字", "a\tb\r\n\n c", "  lead and trail  "])
def test_smollm2_loses_no_character(smollm2: Tokenizer, text: str):
    encoded = smollm2.encode((Message("user", text),))
    assert f"user\n{text}<|im_end|>" in encoded.text
    assert smollm2.inner.decode(list(encoded.ids)) == encoded.text

"""What is heard of an answer while it is written is the answer, and never anything else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.model.embedded import weights_path
from promptbench.model.local.choose import begin
from promptbench.model.local.engine import PackedEngine
from promptbench.model.local.local import LocalModel
from promptbench.model.local.row import Ends, Row
from promptbench.model.local.voice import Voice, certain
from promptbench.model.protocol import Setup, Speaker
from promptbench.model.spec import open_model
from promptbench.model.wheel import EMBEDDED
from promptbench.record import Completion, Encoded, Message, Request, Sampling
from tests.model.tiny import WORDS, answers, request, texts, told

END = 256
LETTERS = st.text(st.sampled_from("ab\n é€😀\ufffd"), max_size=14)


def of_bytes(tokens: Sequence[int]) -> str:
    """A tokenizer whose tokens are bytes, so that most characters are several tokens."""
    return bytes(t for t in tokens if t != END).decode("utf-8", errors="replace")


def written(text: str, stops: Sequence[str], most: int) -> tuple[list[str], Completion]:
    """What is heard of a row that writes a text byte by byte, and what comes of it."""
    sampling = Sampling(max_tokens=most, stop=tuple(stops))
    asked = Request("00", (), Encoded("", (1,), 1), sampling)
    row = begin(asked, Ends(frozenset({END}), of_bytes, lambda *_: []))
    heard: list[str] = []
    voice = Voice(heard.append)
    for token in [*text.encode(), END]:
        row.take(token)
        voice.listen(row)
        if row.finish:
            break
    voice.say(row.completion().text)
    return heard, row.completion()


@settings(deadline=None)
@given(LETTERS, st.lists(st.text(st.sampled_from("ab\n é"), min_size=1, max_size=4), max_size=3))
def test_the_pieces_are_the_answer(text: str, stops: list[str]):
    heard, completion = written(text, stops, 100)
    assert "".join(heard) == completion.text
    assert "" not in heard


@settings(deadline=None)
@given(LETTERS, st.integers(1, 20))
def test_an_answer_that_is_cut_off_is_heard_as_it_is(text: str, most: int):
    heard, completion = written(text, [], most)
    assert "".join(heard) == completion.text


def test_a_character_is_heard_when_it_is_whole():
    heard, _ = written("né😀!", [], 100)
    assert heard == ["n", "é", "😀", "!"]


def test_what_may_begin_a_stop_string_is_held_back_until_it_does_not():
    heard, completion = written("ab\nUse it.\nUser: and", ["\nUser:"], 100)
    assert completion.text == "ab\nUse it."
    assert heard[:3] == ["a", "b", "\nUse"]


def test_white_space_waits_for_what_follows_it():
    heard, _ = written("  a  b  ", [], 100)
    assert heard == ["a", "  b"]


@pytest.mark.parametrize(
    ("text", "stops", "expected"),
    [
        ("one two", ["two"], "one two"),  # a row looks for whole stop strings itself
        ("one tw", ["two"], "one"),
        ("one tt", ["two", "ttt"], "one"),
        ("one t", [], "one t"),
        ("", ["two"], ""),
    ],
)
def test_the_longest_beginning_of_any_stop_string_counts(
    text: str, stops: list[str], expected: str
):
    assert certain(text, stops) == expected


def test_a_row_that_begins_anew_says_nothing_twice():
    heard: list[str] = []
    voice = Voice(heard.append)
    for text in ("a", "a b", "a", "a b", "a b c"):
        voice.say(text)
    assert heard == ["a", " b", " c"]


def opening(folder: Path) -> LocalModel:
    return LocalModel("./tiny", folder, Setup(folder))


@pytest.mark.parametrize("kind", ["llama", "gpt2", "t5"])
def test_a_model_speaks_as_it_streams_a_token_at_a_time(folders: dict[str, Path], kind: str):
    model = opening(folders[kind])
    assert isinstance(model, Speaker)
    for prompt in texts(5):
        one = request(model, prompt)
        heard: list[str] = []
        done = model.speak(one, heard.append)
        assert told(done) == told(answers(model, [one])[one.key])
        assert "".join(heard) == done.text
        assert len(heard) == len(done.text.split())


def test_a_stop_string_is_not_heard(folders: dict[str, Path]):
    model = opening(folders["llama"])
    plain = answers(model, [one := request(model, texts(3)[2])])[one.key].text.split()
    stopped = request(model, texts(3)[2], stop=(f"{plain[2]} {plain[3]}",))
    heard: list[str] = []
    assert model.speak(stopped, heard.append).finish_reason == "stop_string"
    assert "".join(heard) == " ".join(plain[:2])


def long_answer(model: LocalModel) -> Request:
    """A request whose answer has many words and no special tokens between them."""
    for prompt in texts(40, shared=30):
        one = replace(request(model, prompt, max_tokens=20), session="chat")
        found = answers(model, [replace(one, session="")])[one.key]
        if found.output_tokens == len(found.text.split()) > 10:
            return one
    raise AssertionError("no prompt of the tiny model does")


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_who_interrupts_can_go_on(folders: dict[str, Path], kind: str):
    model = opening(folders[kind])
    one = long_answer(model)
    whole = answers(model, [replace(one, session="")])[one.key]
    heard: list[str] = []

    def hear(piece: str) -> None:
        heard.append(piece)
        if len(heard) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.speak(one, hear)
    assert "".join(heard) == " ".join(whole.text.split()[:5])
    assert told(model.speak(one, lambda _: None)) == told(whole)
    if isinstance(model.engine, PackedEngine):
        assert model.engine.reused == len(one.encoded.ids) - 1
    assert told(answers(model, [one])[one.key]) == told(whole)


def test_after_an_interruption_what_was_said_is_not_read_again(folders: dict[str, Path]):
    model = opening(folders["llama"])
    one = long_answer(model)
    heard: list[str] = []

    def hear(piece: str) -> None:
        heard.append(piece)
        if len(heard) == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.speak(one, hear)
    said = f"{one.messages[0].text} {''.join(heard)} {random.Random(1).choice(WORDS)} w1"
    after = replace(request(model, said), session="chat")
    expected = told(answers(model, [replace(after, session="")])[after.key])
    assert told(model.speak(after, heard.append)) == expected
    assert isinstance(model.engine, PackedEngine)
    assert model.engine.reused == len(one.encoded.ids) + 7


@pytest.mark.skipif(weights_path(EMBEDDED["smollm2"]) is None, reason="smollm2 is not installed")
def test_a_real_model_speaks_in_whole_characters(tmp_path: Path):
    model = open_model("smollm2", Setup(tmp_path))
    assert isinstance(model, Speaker)
    messages = (Message("user", "Repeat this and nothing else: 日本 😀 é 日本 😀 é"),)
    one = Request("00", messages, model.encode(messages), Sampling(max_tokens=24), session="chat")
    heard: list[str] = []
    done = model.speak(one, heard.append)
    assert "".join(heard) == done.text
    assert len(heard) > 3
    assert not done.text.isascii()
    # The last token may be a part of a character, which the answer shows as such.
    assert not any("\ufffd" in piece for piece in heard[:-1])


def test_a_row_that_has_no_token_has_nothing_to_say():
    asked = Request("00", (), Encoded("", (1,), 1), Sampling())
    row: Row = begin(asked, Ends(frozenset({END}), of_bytes, lambda *_: []))
    Voice(pytest.fail).listen(row)

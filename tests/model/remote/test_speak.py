"""An answer that is heard while it comes is the answer that would have come whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from promptbench.error import RunError
from promptbench.model.protocol import Setup, Speaker
from promptbench.model.remote import client as client_module
from promptbench.model.remote.budget import Budget, at_most
from promptbench.model.remote.remote import RemoteModel
from promptbench.model.remote.settings import Price, ServerSettings
from promptbench.record import Encoded, Message, Request, Sampling
from tests.model.remote.server import CHAT, Answer, Asked, Server, serving

QUICK = ServerSettings(retries=2, timeout=20.0)
WORDS = [" ", "Héllo", " ", "wor", "ld", ". ", "\n"]
TEXT = "Héllo world."


def events(*found: Any, done: bool = True) -> bytes:
    """Server-sent events, with what else may stand between them."""
    lines = [f"event: x\ndata: {json.dumps(one, ensure_ascii=False)}\n\n" for one in found]
    return (": hello\n\n" + "".join(lines) + ("data: [DONE]\n\n" if done else "")).encode()


def chat_event(content: str | None, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return {"model": "m", "choices": [choice], "usage": None}


LAST = {"model": "m", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 6}}
STREAMS = {
    "openai": events(*map(chat_event, WORDS), chat_event(None, "stop"), LAST),
    "completions": events(
        *({"model": "m", "choices": [{"text": word, "finish_reason": None}]} for word in WORDS),
        {"model": "m", "choices": [{"text": "", "finish_reason": "stop"}]},
        LAST,
    ),
    "anthropic": events(
        {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 7}}},
        {"type": "ping"},
        {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": word}}
            for word in WORDS
        ),
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 6},
        },
        {"type": "message_stop"},
        done=False,
    ),
    "ollama": "".join(
        json.dumps({"model": "m", "message": {"content": word}, "done": False}) + "\n"
        for word in WORDS
    ).encode()
    + json.dumps(
        {
            "model": "m",
            "message": {"content": ""},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 7,
            "eval_count": 6,
        }
    ).encode(),
}
WHOLE = {
    "openai": CHAT,
    "completions": CHAT | {"choices": [{"text": "Hi", "finish_reason": "stop"}]},
    "anthropic": {
        "model": "m",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 7, "output_tokens": 2},
    },
    "ollama": {
        "model": "m",
        "message": {"content": "Hi"},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 7,
        "eval_count": 2,
    },
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(client_module, "pause", lambda attempt, asked, draw: 0.0)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def opened(server: Server, prefix: str = "openai", **settings: Any) -> RemoteModel:
    server.behaviour = lambda asked, number: Answer(WHOLE[prefix])
    more = {"budget": settings.pop("budget")} if "budget" in settings else {}
    setup = Setup(Path(), server=replace(QUICK, **settings), **more)
    return RemoteModel(f"{prefix}:m@{server.base}", setup)


def request() -> Request:
    messages = (Message("user", "Hello"),)
    return Request("k", messages, Encoded("Hello", (), 0), Sampling(max_tokens=9))


@pytest.mark.parametrize("prefix", STREAMS)
@pytest.mark.parametrize("chunk", [1, 7, 100_000])
def test_the_pieces_make_the_completion(server: Server, prefix: str, chunk: int):
    model = opened(server, prefix)
    assert isinstance(model, Speaker)
    server.behaviour = lambda asked, number: Answer(STREAMS[prefix], chunk=chunk)
    pieces: list[str] = []
    done = model.speak(request(), pieces.append)
    said = [piece for piece in pieces if piece]
    assert len(said) >= 3
    assert "".join(said) == done.text == TEXT
    assert (done.prompt_tokens, done.output_tokens, done.finish_reason) == (7, 6, "stop")
    assert (done.error, done.key) == ("", "k")
    asked = server.asked[-1].body
    assert asked.pop("stream") is True
    usage = asked.pop("stream_options", None)
    assert usage == ({"include_usage": True} if prefix in ("openai", "completions") else None)
    list(model.stream([request()]))
    whole = server.asked[-1].body
    assert asked == {name: value for name, value in whole.items() if name != "stream"}


def test_who_has_heard_enough_hangs_up_and_asks_again(server: Server):
    model = opened(server)
    server.behaviour = lambda asked, number: Answer(STREAMS["openai"], chunk=20)

    def stop(piece: str) -> None:
        if piece:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.speak(request(), stop)
    assert model.speak(request(), lambda piece: None).text == TEXT


def test_one_need_not_wait_for_the_first_word(server: Server):
    model = opened(server)
    server.behaviour = lambda asked, number: Answer(STREAMS["openai"], delay=15.0)

    def stop(piece: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.speak(request(), stop)


def test_trouble_before_the_first_piece_is_tried_again(server: Server):
    model = opened(server)

    def behaviour(asked: Asked, number: int) -> Answer:
        return Answer({"error": "busy"}, 503) if number == 1 else Answer(STREAMS["openai"])

    server.behaviour = behaviour
    assert model.speak(request(), lambda piece: None).text == TEXT
    assert len(server.asked) == 3


HALF = events(*map(chat_event, WORDS), done=False)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (Answer(STREAMS["openai"], cut=True), "hung up"),
        (Answer(HALF), "no usable answer"),
        (
            Answer(events(*map(chat_event, WORDS), {"error": {"message": "overloaded"}})),
            "broke off",
        ),
        (Answer(events(*map(chat_event, WORDS), {"choices": 3})), "no usable answer"),
        (Answer(STREAMS["openai"].replace(b'"m"', b'"other"')), "answered as 'other'"),
    ],
    ids=["cut", "no end", "an error in the middle", "malformed", "another model"],
)
def test_what_breaks_off_is_an_error_and_said_only_once(server: Server, bad: Answer, says: str):
    price, budget = Price(1000.0, 1000.0), Budget(100.0)
    model = opened(server, price=price, budget=budget)
    before = len(server.asked), budget.spent
    server.behaviour = lambda asked, number: bad
    pieces: list[str] = []
    done = model.speak(request(), pieces.append)
    assert says in done.error
    assert done.text == ""
    assert len(server.asked) == before[0] + 1
    assert "".join(pieces).count("Héllo") <= 1
    assert budget.reserved == pytest.approx(0)
    paid = price.of(7, 6) if says.startswith("answered") else at_most(request(), price)
    assert budget.spent - before[1] == pytest.approx(paid)


def test_a_wrong_key_ends_the_talk(server: Server):
    model = opened(server)
    server.behaviour = lambda asked, number: Answer({"error": "no"}, 401)
    with pytest.raises(RunError, match="answered 401"):
        model.speak(request(), lambda piece: None)


@pytest.mark.parametrize("pieces", [["  a", " ", " b "], ["", " ", "a  b"], list("  a  b  ")])
def test_white_space_at_the_ends_is_not_said(server: Server, pieces: list[str]):
    said, done = heard(server, pieces)
    assert said == done == "a  b"


@pytest.mark.parametrize(
    ("pieces", "stops", "expected"),
    [
        (["The", " capital", " of"], ("tal",), "The capi"),
        (["one ", "two", " three"], ("two",), "one"),
        (list("one two three"), (" two",), "one"),
        (list("one two three"), ("wo", " two"), "one"),
        (list("one two"), ("two!", "owl"), "one two"),
        (["one", "two"], ("one",), ""),
    ],
)
def test_a_stop_string_that_a_server_leaves_in_is_not_said(
    server: Server, pieces: list[str], stops: tuple[str, ...], expected: str
):
    said, done = heard(server, pieces, stops)
    assert said == done == expected


def heard(server: Server, pieces: list[str], stops: tuple[str, ...] = ()) -> tuple[str, str]:
    """What is heard of some pieces, and the text of the completion."""
    model = opened(server)
    stream = events(*map(chat_event, pieces), chat_event(None, "stop"), LAST)
    server.behaviour = lambda asked, number: Answer(stream)
    said: list[str] = []
    asked = request()
    sampling = replace(asked.sampling, stop=stops)
    done = model.speak(replace(asked, sampling=sampling), said.append)
    assert done.error == ""
    return "".join(said), done.text

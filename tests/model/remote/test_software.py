"""A server that answers to any name, or adds to what it is asked, is kept to what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from promptbench.error import ModelError
from promptbench.model.protocol import Setup
from promptbench.model.remote.contact import refuse_unlisted
from promptbench.model.remote.remote import RemoteModel
from promptbench.model.remote.settings import Price, ServerSettings
from promptbench.model.remote.software import plain_settings, software_of
from promptbench.model.spec import cache_folder
from promptbench.record import Encoded, Message, Request, Sampling
from tests.model.remote.server import Answer, Server, serving
from tests.model.remote.test_speak import WORDS, chat_event, events

TITLE = "\U0001f999 llama.cpp Python API"
DESCRIPTION = {"openapi": "3.1.0", "info": {"title": TITLE, "version": "0.3.36"}}
MESSAGES = (Message("user", "Hello"),)
REQUEST = Request("k", MESSAGES, Encoded("Hello", (), 0), Sampling(max_tokens=9))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def opened(server: Server, **settings: Any) -> RemoteModel:
    setup = Setup(Path(), server=ServerSettings(retries=0, **settings))
    return RemoteModel(f"openai:m@{server.base}", setup)


def asked(model: RemoteModel, server: Server) -> dict[str, Any]:
    """The body of one request."""
    for _ in model.stream([REQUEST]):
        pass
    body: dict[str, Any] = server.asked[-1].body
    return body


def test_llama_cpp_python_is_told_to_add_nothing(server: Server):
    plain = asked(opened(server), server)
    server.pages["/openapi.json"] = DESCRIPTION
    server.pages["/v1/models"] = {"data": [{"id": "m"}, {"id": "other"}]}
    (cache_folder() / "servers.json").unlink()
    model = opened(server)
    assert asked(model, server) == plain | {
        "repeat_penalty": 1.0,
        "top_k": 0,
        "min_p": 0.0,
        "top_logprobs": 0,
    }
    assert dict(model.info.details)["software"] == "llama-cpp-python 0.3.36"


def test_what_is_known_of_a_server_holds_when_it_is_found_in_the_book(server: Server):
    server.pages["/openapi.json"] = DESCRIPTION
    first = opened(server)
    server.pages.clear()
    again = opened(server)
    assert again.info == first.info
    assert asked(again, server)["repeat_penalty"] == 1.0


@pytest.mark.parametrize("description", [None, [], {}, {"info": 3}, {"info": {"title": "FastAPI"}}])
def test_other_servers_are_left_as_they_are(description: Any):
    assert software_of(description) == ""
    assert plain_settings("") == {}


@pytest.mark.parametrize("listed", [(), ("m",), ("models/m",), ("m:latest",), ("a", "m")])
def test_a_listed_name_is_fine_and_so_is_an_empty_list(listed: Sequence[str]):
    refuse_unlisted("m", "m", listed)


def test_a_server_that_answers_under_another_name_knows_what_it_does():
    refuse_unlisted("gpt-x", "gpt-x-2026-01-01", ("gpt-x-2026-01-01",))


def test_a_name_that_is_only_repeated_is_refused():
    with pytest.raises(ModelError, match="it answers to any name") as caught:
        refuse_unlisted("smolm2", "smolm2", ("smollm2", "qwen3"))
    assert caught.value.hint == "Did you mean 'smollm2'? It has: qwen3, smollm2."


def test_a_stream_that_counts_no_tokens_is_an_answer(server: Server):
    model = opened(server)
    stream = events(*map(chat_event, WORDS), chat_event(None, "stop"))
    server.behaviour = lambda asked, number: Answer(stream)
    done = model.speak(REQUEST, lambda piece: None)
    assert (done.error, done.text) == ("", "Héllo world.")
    assert (done.prompt_tokens, done.output_tokens) == (0, 0)


def test_where_tokens_cost_something_they_must_be_counted(server: Server):
    model = opened(server, price=Price(1.0, 1.0))
    stream = events(*map(chat_event, WORDS), chat_event(None, "stop"))
    server.behaviour = lambda asked, number: Answer(stream)
    done = model.speak(REQUEST, lambda piece: None)
    assert "has no 'usage.prompt_tokens'" in done.error


def test_an_answer_that_is_broken_off_without_a_reason_is_none(server: Server):
    """llama-cpp-python ends a stream like that when somebody else asks for something."""
    model = opened(server)
    stream = events(*map(chat_event, WORDS[:3]))
    server.behaviour = lambda asked, number: Answer(stream)
    done = model.speak(REQUEST, lambda piece: None)
    assert "has no 'finish_reason'" in done.error

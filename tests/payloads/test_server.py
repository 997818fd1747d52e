"""What a hostile server answers: a message at most, and never an end to the other requests.

Each answer goes through a socket, as it would come from afar. Where it is no answer the request
fails with a reason; counts that cannot be true, and bodies that grow, are no answers.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from promptbench.error import RunError
from promptbench.model.protocol import Setup
from promptbench.model.remote import client as client_module
from promptbench.model.remote.batch.openai import OpenAIBatches
from promptbench.model.remote.batch.service import id_at
from promptbench.model.remote.contact import make_contact
from promptbench.model.remote.remote import RemoteModel
from promptbench.model.remote.retry import asked_pause
from promptbench.model.remote.settings import Price, ServerSettings
from promptbench.model.remote.wire import MalformedError
from promptbench.record import Completion, Sampling
from tests.cost import at_most
from tests.model.remote.server import CHAT, Answer, Server, serving
from tests.model.remote.test_remote import only, request
from tests.model.remote.test_speak import events

DEEP, OBJECTS = b"[" * 100_000, b'{"a":' * 100_000
SETTINGS = ServerSettings(retries=0, timeout=20.0, price=Price(1.0, 1.0))
GZIP = {"Content-Encoding": "gzip"}


def used(read: Any, written: Any = 2) -> Answer:
    return Answer(CHAT | {"usage": {"prompt_tokens": read, "completion_tokens": written}})


def scored(logprob: str) -> Answer:
    """JSON as Python reads it: NaN and Infinity are numbers there."""
    told = {"content": [{"token": " Hi! ", "logprob": "LOGPROB"}]}
    choice = CHAT["choices"][0] | {"logprobs": told}  # type: ignore[index]
    body = json.dumps(CHAT | {"choices": [choice]}).replace('"LOGPROB"', logprob)
    return Answer(body.encode())


class Hostile(NamedTuple):
    """An answer, and what the request's error must say of it."""

    answer: Answer
    says: str


DEEPLY, NO_COUNT = "nested too deeply", "of the answer is no count"
NO_NUMBER = "a log-probability of the answer is no number"
HOSTILE = {
    "deep": Hostile(Answer(DEEP), DEEPLY),
    "deep objects": Hostile(Answer(OBJECTS), DEEPLY),
    "deep, and closed": Hostile(Answer(b"[" * 500 + b"]" * 500), "deeper than 100 levels"),
    "a deep part": Hostile(
        Answer(json.dumps(CHAT).replace("{", '{"x":' + "[" * 300 + "]" * 300 + ",", 1).encode()),
        "deeper than 100 levels",
    ),
    "millions of values": Hostile(Answer(b"[" + b"[]," * 1_000_001 + b"0]"), "1,000,000 values"),
    "a number without an end": Hostile(Answer(b"9" * 100_000), "no usable answer"),
    "a gzip bomb": Hostile(
        Answer(gzip.compress(b" " * 200_000_000, 9), headers=GZIP), "longer than 33,554,432 bytes"
    ),
    "no gzip": Hostile(Answer(b"abc", headers=GZIP), "cannot be reached, or hung up"),
    "more tokens than there are": Hostile(used(10**18), NO_COUNT),
    "tokens past any number": Hostile(used(10**400), NO_COUNT),
    "tokens written past any number": Hostile(used(7, 10**400), NO_COUNT),
    "fewer than none": Hostile(used(-7), NO_COUNT),
    "half a token": Hostile(used(0.5), NO_COUNT),
    "infinite tokens": Hostile(used(float("inf")), NO_COUNT),
    "a truth of tokens": Hostile(used(True), NO_COUNT),
    "a list of headers": Hostile(
        Answer(headers={f"X-{n}": "a" * 4000 for n in range(300)}), "cannot be reached, or hung up"
    ),
    "a deep error": Hostile(Answer(DEEP, 400), "answered 400"),
    "an error without an end": Hostile(Answer(b"a" * 3_000_000, 400), "answered 400"),
    "a reason without an end": Hostile(
        Answer(
            CHAT | {"choices": [{"message": {"content": ""}, "finish_reason": "a" * 3_000_000}]}
        ),
        "it ended its answer with 'aaa",
    ),
    "a redirect": Hostile(
        Answer({}, 302, headers={"Location": "http://169.254.169.254/latest"}), "not followed"
    ),
}
# With log-probabilities asked for.
NUMBERS = ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, "true", '"-1"', "null", "[0]"]
# Where the answer is asked for piece by piece.
STREAMED = {
    "deep": b"data: " + DEEP.replace(b"[", b'{"a":', 1) + b"\n\n",
    "no delta": events({"model": "m", "choices": [{"delta": "x"}]}),
    "deltas": events({"model": "m", "choices": [{"delta": ["content"]}]}),
    "a text that is none": events({"model": "m", "choices": [{"delta": {"content": {"a": 1}}}]}),
    "choices that are none": events({"model": "m", "choices": 5}),
}
PAUSES = [
    "Mon, 01 Jan 99999999999 00:00:00 GMT",
    "Mon, 01 Jan 2020 00:00:00 +99999999999",
    "Mon, 99 Foo 2020",
    "nan of course",
    ", , ,",
    "-",
]
IDS = ["../../secret", "..", "a/b", "a?b", "a#b", "a b", "a\n", "\x1b[2J", "", "x" * 201, "@evil"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(client_module, "pause", lambda attempt, asked, draw: 0.0)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def opened(server: Server) -> RemoteModel:
    return RemoteModel(f"openai:m@{server.base}", Setup(Path(), server=SETTINGS))


def asked(server: Server, answer: Answer, sampling: Sampling | None = None) -> Completion:
    """What becomes of a request; the first word with the server has gone well."""
    server.behaviour = lambda asked, number: answer if number else Answer()
    return only(opened(server), sampling)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_answer_fails_with_a_reason(server: Server, name: str):
    hostile = HOSTILE[name]
    with at_most(seconds=3, megabytes=300):
        done = asked(server, hostile.answer)
    assert hostile.says in done.error
    assert done.text == "" and len(done.error) <= 1000


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_no_log_probability_fails(server: Server, number: str):
    done = asked(server, scored(number), Sampling(max_tokens=5, logprobs=True))
    assert "no usable answer" in done.error, done


def test_a_log_probability_is_read(server: Server):
    """So the test above is not about how it asks."""
    done = asked(server, scored("-0.5"), Sampling(max_tokens=5, logprobs=True))
    assert (done.error, done.logprobs) == ("", (-0.5,))


def test_a_hostile_answer_does_not_end_the_others(server: Server):
    answers = [Answer(), Answer(DEEP), used(10**400), Answer()]
    server.behaviour = lambda asked, number: answers[min(number, 3)]
    model = opened(server)
    requests = [request(f"k{n}") for n in range(4)]
    found = [done for batch in model.stream(iter(requests)) for done in batch]
    assert sorted(bool(done.error) for done in found) == [False, False, True, True]


@pytest.mark.parametrize("name", STREAMED)
def test_pieces_that_are_none_fail_with_a_reason(server: Server, name: str):
    server.behaviour = lambda asked, number: Answer(STREAMED[name]) if number else Answer()
    done = opened(server).speak(request(), lambda piece: None)
    assert "no usable answer" in done.error, done


@pytest.mark.parametrize("body", [DEEP, OBJECTS], ids=["lists", "objects"])
def test_a_deep_refusal_is_a_refusal(server: Server, body: bytes):
    server.behaviour = lambda asked, number: Answer(body, 404) if number else Answer()
    with pytest.raises(RunError, match="answered 404"):
        only(opened(server))


@pytest.mark.parametrize("context", [True, -5, 0.5, 10**400, "many", [1], DEEP.decode()])
def test_a_context_that_is_none_is_not_known(server: Server, context: Any):
    server.pages["/v1/models"] = {"data": [{"id": "m", "max_model_len": context}]}
    assert make_contact(opened(server).client).context == 0


def test_a_list_of_models_in_many_pieces_is_read(server: Server):
    listed = [{"id": f"other-{n}", "about": "x" * 1000} for n in range(500)]
    server.pages["/v1/models"] = {"data": [*listed, {"id": "m", "max_model_len": 4096}]}
    assert make_contact(opened(server).client).context == 4096


def test_a_name_without_an_end_is_cut(server: Server):
    server.behaviour = lambda asked, number: Answer(CHAT | {"model": "m" * 1_000_000})
    model = opened(server)
    assert only(model).error == ""
    assert len(make_contact(model.client).served) == 300


@pytest.mark.parametrize("value", PAUSES)
def test_a_pause_that_is_none_is_not_asked_for(value: str):
    assert asked_pause(value) in (None, 0.0)


@pytest.mark.parametrize("found", IDS)
def test_an_id_leads_nowhere_else(server: Server, found: str):
    client = opened(server).client
    with pytest.raises(MalformedError, match="is no id"):
        id_at(client, {"id": found}, "id")
    assert id_at(client, {"id": "batch_68a.b-c:d"}, "id") == "batch_68a.b-c:d"
    assert OpenAIBatches(client).path == "/batches"


def test_count():
    assert (len(HOSTILE), len(NUMBERS), len(STREAMED)) == (20, 9, 5)
    assert (len(PAUSES), len(IDS)) == (6, 11)

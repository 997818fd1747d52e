from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from promptbench.error import ModelError, RunError
from promptbench.model.protocol import Setup
from promptbench.model.remote import client as client_module
from promptbench.model.remote.budget import Budget, at_most
from promptbench.model.remote.remote import RemoteModel
from promptbench.model.remote.settings import Price, ServerSettings
from promptbench.model.spec import open_model
from promptbench.record import Completion, Message, Request, Sampling
from tests.model.remote.server import CHAT, Answer, Asked, Server, serving

QUICK = ServerSettings(concurrency=4, retries=3, timeout=5.0)
KEY = "sk-canary-4711"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(client_module, "pause", lambda attempt, asked, draw: (asked or 0.0) / 100)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def opened(server: Server, settings: ServerSettings = QUICK, prefix: str = "openai", **more: Any):
    setup = Setup(Path(), server=settings, **more)
    return RemoteModel(f"{prefix}:m@{server.base}", setup)


def request(key: str = "k", sampling: Sampling | None = None) -> Request:
    messages = (Message("system", "Be brief."), Message("user", f"Hello {key}"))
    return Request(key, messages, model_text(messages), sampling or Sampling(max_tokens=5))


def model_text(messages: tuple[Message, ...]) -> Any:
    from promptbench.record import Encoded

    return Encoded("\n\n".join(f"{m.role}: {m.text}" for m in messages), (), 0)


def answers(model: RemoteModel, *requests: Request) -> dict[str, Completion]:
    found = [done for batch in model.stream(iter(requests)) for done in batch]
    assert len(found) == len({done.key for done in found})
    return {done.key: done for done in found}


def only(model: RemoteModel, sampling: Sampling | None = None) -> Completion:
    return answers(model, request("k", sampling))["k"]


# What is sent, and what is read


def test_a_request_says_all_that_it_must_and_no_more(server: Server):
    sampling = Sampling(max_tokens=5, temperature=0.5, top_p=0.9, stop=("\n",), seed=3)
    done = only(opened(server), sampling)
    assert server.asked[-1].path == "/v1/chat/completions"
    assert server.asked[-1].body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello k"},
        ],
        "max_tokens": 5,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 3,
        "stop": ["\n"],
    }
    assert "Authorization" not in server.asked[-1].headers
    assert (done.text, done.prompt_tokens, done.output_tokens) == ("Hi!", 7, 2)
    assert (done.finish_reason, done.error) == ("stop", "")
    assert done.seconds > 0


def test_a_greedy_request_has_no_seed(server: Server):
    only(opened(server))
    assert set(server.asked[-1].body) == {"model", "messages", "max_tokens", "temperature"}


def test_log_probabilities_come_with_where_their_tokens_end(server: Server):
    content = [{"token": " Hi", "logprob": -0.5}, {"token": "! ", "logprob": -1.5}]
    choice = {**CHAT["choices"][0], "logprobs": {"content": content}}
    server.behaviour = lambda asked, number: Answer({**CHAT, "choices": [choice]})
    done = only(opened(server), Sampling(max_tokens=5, logprobs=True))
    assert server.asked[-1].body["logprobs"] is True
    assert (done.logprobs, done.ends) == ((-0.5, -1.5), (2, 3))


def test_a_server_without_log_probabilities_is_no_answer(server: Server):
    done = only(opened(server), Sampling(max_tokens=5, logprobs=True))
    assert "gives no log-probabilities" in done.error


def test_plain_completions_without_log_probabilities_are_no_answer(server: Server):
    body = {**CHAT, "choices": [{"text": " Hi", "finish_reason": "stop"}]}
    server.behaviour = lambda asked, number: Answer(body)
    model = opened(server, prefix="completions")
    asked = len(server.asked)
    done = only(model, Sampling(max_tokens=5, logprobs=True))
    assert "gives no log-probabilities" in done.error
    assert len(server.asked) == asked + 1, "asking again does not help"


@pytest.mark.parametrize("prefix", ["openai", "completions"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.Two\nThree", ("One", "stop_string")),
        ("One\nTwo.", ("One", "stop_string")),
        (".", ("", "stop_string")),
        ("One", ("One", "length")),
    ],
)
def test_a_stop_string_that_a_server_leaves_in_ends_the_text(
    server: Server, prefix: str, text: str, expected: tuple[str, str]
):
    choice = {"message": {"content": text}, "text": text, "finish_reason": "length"}
    server.behaviour = lambda asked, number: Answer({**CHAT, "choices": [choice]})
    done = only(opened(server, prefix=prefix), Sampling(max_tokens=5, stop=(".", "\n")))
    assert (done.text, done.finish_reason) == expected


@pytest.mark.parametrize("prefix", ["openai", "completions"])
@pytest.mark.parametrize(("context", "refused"), [(8, True), (9, False), (None, False)])
def test_more_tokens_than_the_stated_context_are_no_answer(
    server: Server, prefix: str, context: int | None, refused: bool
):
    choice = {"message": {"content": "Hi!"}, "text": "Hi!", "finish_reason": "stop"}
    first = Answer({**CHAT, "choices": [choice], "usage": dict.fromkeys(CHAT["usage"], 1)})
    after = Answer({**CHAT, "choices": [choice]})
    server.behaviour = lambda asked, number: after if number else first
    done = only(opened(server, replace(QUICK, context=context), prefix))
    assert ("came to 9 tokens, more than the context of 8" in done.error) == refused
    assert (done.text == "Hi!") != refused


def test_plain_completions_send_one_text(server: Server):
    body = {**CHAT, "choices": [{"text": " Hi", "finish_reason": "length"}]}
    server.behaviour = lambda asked, number: Answer(body)
    model = opened(server, prefix="completions")
    encoded = model.encode((Message("user", "Once"),))
    done = answers(model, replace(request(), encoded=encoded))["k"]
    assert server.asked[-1].path == "/v1/completions"
    assert server.asked[-1].body["prompt"] == "Once"
    assert (done.text, done.finish_reason) == ("Hi", "length")


def test_anthropic_is_spoken_to_in_its_own_way(server: Server, monkeypatch: pytest.MonkeyPatch):
    body = {
        "model": "m",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 2},
    }
    server.behaviour = lambda asked, number: Answer(body)
    model = opened(server, prefix="anthropic")
    monkeypatch.setattr(model.client, "key", KEY)
    done = only(model, Sampling(max_tokens=5, stop=("END",)))
    asked = server.asked[-1]
    assert asked.path == "/v1/messages"
    assert asked.headers["x-api-key"] == KEY
    assert asked.headers["anthropic-version"] == "2023-06-01"
    assert asked.body == {
        "model": "m",
        "max_tokens": 5,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hello k"}],
        "temperature": 0.0,
        "stop_sequences": ["END"],
    }
    assert (done.text, done.prompt_tokens, done.output_tokens) == ("Hi", 7, 2)


OLLAMA = {
    "model": "m",
    "message": {"role": "assistant", "content": "Hi"},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 9,
    "eval_count": 2,
}


def test_ollama_is_told_its_context_and_checked(server: Server):
    server.behaviour = lambda asked, number: Answer(OLLAMA)
    model = opened(server, replace(QUICK, context=64), "ollama")
    done = only(model)
    assert server.asked[-1].path == "/v1/api/chat"
    assert server.asked[-1].body["options"] == {
        "num_ctx": 64,
        "num_predict": 5,
        "temperature": 0.0,
        "repeat_penalty": 1.0,
    }
    assert server.asked[-1].body["stream"] is False
    assert (done.text, model.info.context) == ("Hi", 64)
    server.behaviour = lambda asked, number: Answer({**OLLAMA, "prompt_eval_count": 60})
    assert "1 tokens more than its context of 64" in only(model).error


def tags(digest: str) -> dict[str, Any]:
    return {"models": [{"name": "m:latest", "digest": digest, "details": {"family": "llama"}}]}


def test_weights_that_ollama_has_pulled_anew_are_another_model(server: Server):
    """Under the same name, which its answers repeat: only the digest tells."""
    server.behaviour = lambda asked, number: Answer(OLLAMA)
    server.pages["/v1/api/tags"] = tags("sha256:old")
    old = opened(server, prefix="ollama").info
    assert opened(server, prefix="ollama").info == old
    server.pages["/v1/api/tags"] = tags("sha256:new")
    new = opened(server, prefix="ollama").info
    assert dict(new.details)["weights"] == "sha256:new"
    assert new.identity != old.identity
    assert len(server.asked) == 1, "nothing is generated to find that out"
    server.pages.clear()
    assert opened(server, prefix="ollama").info == new, "a silent server has what it had"


@pytest.mark.parametrize(
    ("sampling", "word"),
    [
        (Sampling(top_k=5), "top_k"),
        (Sampling(repetition_penalty=1.2), "repetition_penalty"),
        (Sampling(stop=("a", "b", "c", "d", "e")), "4 stop strings"),
    ],
)
def test_what_an_api_does_not_know_is_refused_before_anything_is_sent(
    server: Server, sampling: Sampling, word: str
):
    with pytest.raises(ModelError, match=word):
        opened(server).room(sampling)


# Faults


def first(answer: Answer, times: int = 1, skip: int = 1):
    """Some bad answers after the first contact, then good ones."""
    return lambda asked, number: answer if skip <= number < skip + times else Answer()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_a_server_in_trouble_is_asked_again(server: Server, status: int):
    server.behaviour = first(Answer({"error": "busy"}, status), times=2)
    assert only(opened(server)).text == "Hi!"
    assert len(server.asked) == 1 + 3


def test_what_fails_every_time_is_an_error_that_says_so(server: Server):
    server.behaviour = first(Answer({"error": {"message": "no room"}}, 503), times=99)
    done = only(opened(server))
    assert done.text == ""
    assert done.error.endswith("answered 503: no room (after 4 tries)")


@pytest.mark.parametrize(
    "bad",
    [
        Answer(b"not json"),
        Answer(b""),
        Answer([]),
        Answer({}),
        Answer({**CHAT, "choices": []}),
        Answer({**CHAT, "model": None}),
        Answer({**CHAT, "usage": {}}),
        Answer({**CHAT, "usage": {"prompt_tokens": -1, "completion_tokens": 2}}),
        Answer({**CHAT, "usage": {"prompt_tokens": "7", "completion_tokens": 2}}),
        Answer({**CHAT, "choices": [{"message": {"content": 7}, "finish_reason": "stop"}]}),
        Answer({**CHAT, "choices": [{"message": None, "finish_reason": "stop"}]}),
        Answer({**CHAT, "choices": [{"message": {"content": "Hi"}}]}),
        Answer(cut=True),
    ],
)
def test_a_broken_answer_is_asked_for_again_and_never_scored(server: Server, bad: Answer):
    model = opened(server)
    server.behaviour = first(bad, times=99)
    done = only(model)
    assert (done.text, done.output_tokens) == ("", 0)
    assert done.error
    assert len(server.asked) == 1 + 4
    server.behaviour = first(bad, times=1, skip=5)
    assert only(model).text == "Hi!"


@pytest.mark.parametrize("reason", ["content_filter", "tool_calls", None])
def test_an_answer_that_was_not_finished_is_no_answer(server: Server, reason: str | None):
    choice = {"message": {"content": "Hi"}, "finish_reason": reason}
    model = opened(server)
    server.behaviour = lambda asked, number: Answer({**CHAT, "choices": [choice]})
    done = only(model)
    assert (done.text, done.error) == (
        "",
        f"the server gave no answer: it ended its answer with '{reason}'",
    )
    assert len(server.asked) == 2


def test_a_slow_body_ends_in_an_error(server: Server):
    model = opened(server, replace(QUICK, timeout=0.3, retries=1))
    server.behaviour = first(Answer(delay=2.0), times=99)
    assert only(model).error == "no answer within 0.3 s (after 2 tries)"


def test_another_model_is_not_scored_and_the_next_run_asks_who_answers(server: Server):
    model = opened(server)
    before = model.info.identity
    server.behaviour = lambda asked, number: Answer({**CHAT, "model": "other"})
    assert "answered as 'other', not as 'm'" in only(model).error
    assert opened(server).info.identity != before


def test_a_redirect_is_not_followed(server: Server):
    with serving() as other:
        place = {"Location": f"{other.base}/chat/completions"}
        model = opened(server)
        server.behaviour = first(Answer({}, 307, place), times=99)
        done = only(model)
        assert "answered 307: go to http://127.0.0.1" in done.error
        assert done.error.endswith("not followed")
        assert not other.asked


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_request_can_escape_ends_the_run(server: Server, status: int):
    model = opened(server)
    server.behaviour = first(Answer({"error": {"message": "no"}}, status), times=99)
    with pytest.raises(RunError, match=f"answered {status}: no"):
        only(model)


def test_an_account_without_money_ends_the_run(server: Server):
    model = opened(server)
    body = {"error": {"message": "You are over", "code": "insufficient_quota"}}
    server.behaviour = first(Answer(body, 429), times=99)
    with pytest.raises(RunError, match="insufficient_quota"):
        only(model)
    assert len(server.asked) == 2


def test_the_pause_that_a_server_asks_for_is_kept(server: Server, monkeypatch: pytest.MonkeyPatch):
    pauses: list[float | None] = []
    monkeypatch.setattr(client_module, "pause", lambda a, asked, d: pauses.append(asked) or 0.0)
    model = opened(server)
    server.behaviour = first(Answer({}, 429, {"Retry-After": "7"}), times=2)
    assert only(model).text == "Hi!"
    assert pauses == [7.0, 7.0]


# Many at once


def test_every_request_is_answered_once_whatever_the_order(server: Server):
    def behaviour(asked: Asked, number: int) -> Answer:
        text = asked.body["messages"][-1]["content"]
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        return Answer({**CHAT, "choices": [choice]}, delay=0.01 * (number % 3))

    server.behaviour = behaviour
    found = answers(
        opened(server, replace(QUICK, concurrency=16)), *map(request, map(str, range(200)))
    )
    assert {key: done.text for key, done in found.items()} == {
        str(n): f"Hello {n}" for n in range(200)
    }
    asked = Counter(one.body["messages"][-1]["content"] for one in server.asked[1:])
    assert max(asked.values()) == 1


def test_a_stream_that_is_left_hangs_up(server: Server):
    server.behaviour = lambda asked, number: Answer(delay=0.01 if number else 0)
    stream = opened(server).stream(request(str(n)) for n in range(10_000))
    next(stream)
    stream.close()
    assert len(server.asked) < 100


def test_what_was_answered_before_a_fatal_error_is_handed_over(server: Server):
    server.behaviour = lambda asked, number: Answer() if number < 6 else Answer({}, 401)
    done = []
    with pytest.raises(RunError):
        for batch in opened(server, replace(QUICK, concurrency=1)).stream(
            request(str(n)) for n in range(9)
        ):
            done += batch
    assert len(done) == 5


def test_what_is_under_way_at_a_fatal_error_is_waited_for(server: Server):
    def behaviour(asked: Asked, number: int) -> Answer:
        return Answer({}, 401) if number == 4 else Answer(delay=0.0 if number == 0 else 0.3)

    server.behaviour = behaviour
    done = []
    with pytest.raises(RunError):
        for batch in opened(server).stream(request(str(n)) for n in range(50)):
            done += batch
    assert len(done) == 3
    assert len(server.asked) == 1 + 4


# Money


def test_the_budget_is_never_passed(server: Server):
    price = Price(1000.0, 10_000.0)
    budget = Budget(1.0)
    model = opened(server, replace(QUICK, concurrency=1, price=price), budget=budget)
    done = []
    with pytest.raises(RunError, match="the budget of 1 is used up"):
        for batch in model.stream(request(str(n)) for n in range(1000)):
            done += batch
    assert done
    assert 0.5 < budget.spent <= 1.0
    assert budget.reserved == pytest.approx(0)
    assert budget.spent == pytest.approx(price.of(7, 2) * (len(done) + 1))


def test_what_an_answer_cost_is_told(server: Server):
    price = Price(1000.0, 10_000.0)
    assert only(opened(server, replace(QUICK, price=price))).cost == pytest.approx(0.027)
    assert only(opened(server)).cost is None


@pytest.mark.parametrize(
    "bad",
    [Answer(b'{"half'), Answer(cut=True), Answer(CHAT | {"choices": []}), Answer(delay=2.0)],
    ids=["no JSON", "cut", "malformed", "slow"],
)
def test_an_answer_that_did_not_come_through_may_have_cost_the_most(server: Server, bad: Answer):
    budget, price = Budget(100.0), Price(1000.0, 10_000.0)
    settings = replace(QUICK, retries=0, price=price, timeout=1.0)
    model = opened(server, settings, budget=budget)
    known = budget.spent
    server.behaviour = lambda asked, number: bad
    done = only(model)
    assert done.error
    assert done.cost == 0.0, "what nobody knows is not stored as if it were known"
    assert budget.spent - known == pytest.approx(at_most(request(), price))


def test_a_refusal_costs_nothing_and_another_models_answer_what_it_says(server: Server):
    budget, price = Budget(100.0), Price(1000.0, 10_000.0)
    model = opened(server, replace(QUICK, retries=0, price=price), budget=budget)
    known = budget.spent
    server.behaviour = lambda asked, number: Answer({"error": "busy"}, 503)
    assert only(model).cost == 0.0
    assert budget.spent == known
    server.behaviour = lambda asked, number: Answer(CHAT | {"model": "other"})
    assert only(model).cost == pytest.approx(0.027)
    assert budget.spent - known == pytest.approx(0.027)


# Contact and keys


def test_the_first_word_is_said_once(server: Server):
    opened(server)
    opened(server)
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_is_told_at_once(tmp_path: Path):
    setup = Setup(tmp_path, server=replace(QUICK, retries=0))
    with pytest.raises(ModelError, match=r"gives no answer: .*cannot be reached"):
        open_model("openai:m@http://127.0.0.1:9/v1", setup)


def test_a_key_goes_to_its_host_alone(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    only(opened(server))
    assert all(KEY not in json.dumps(one.headers) for one in server.asked)
    host = server.base.removeprefix("http://").removesuffix("/v1")
    monkeypatch.setenv(f"PROMPTBENCH_KEY_{host.replace('.', '_').replace(':', '_')}", KEY)
    only(opened(server))
    assert server.asked[-1].headers["Authorization"] == f"Bearer {KEY}"


def test_a_key_that_a_server_repeats_is_not_told(server: Server, monkeypatch: pytest.MonkeyPatch):
    model = opened(server)
    monkeypatch.setattr(model.client, "key", KEY)
    server.behaviour = lambda asked, number: Answer({"error": {"message": f"key {KEY}"}}, 400)
    assert only(model).error.endswith("answered 400: key ***")


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ("openai:", "no model of a server"),
        ("openai:a b", "no model of a server"),
        ("completions:m", "does not say where"),
        ("openai:m@http://", "no model of a server"),
        ("openai:m@http://user:secret@host/v1", "no usable URL"),
        ("openai:m@http://host:port/v1", "no usable URL"),
        ("openai:m@http://host/v1?key=1", "no usable URL"),
        ("openai:gpt", "wants a key"),
        ("anthropic:claude", "wants a key"),
        ("gemini:flash", "wants a key"),
    ],
)
def test_a_spec_that_leads_nowhere_is_refused(
    spec: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelError, match=word):
        open_model(spec, Setup(tmp_path))


def test_a_key_never_goes_over_an_open_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PROMPTBENCH_KEY_EXAMPLE_COM", KEY)
    with pytest.raises(ModelError, match="unencrypted line"):
        open_model("openai:m@http://example.com/v1", Setup(tmp_path))


def test_a_server_is_met_from_within_an_event_loop_as_well(server: Server):
    async def notebook() -> str:
        return opened(server).info.spec

    # In a thread of its own: the browser of other tests keeps a loop in this one.
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(lambda: asyncio.run(notebook())).result()
    assert found == f"openai:m@{server.base}"

"""Batches: half the price, nothing lost and nothing paid for twice, whatever breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from promptbench.error import ModelError, RunError
from promptbench.model.protocol import Setup
from promptbench.model.remote.batch import carrier, post
from promptbench.model.remote.batch.note import KEPT, Notes, note_of
from promptbench.model.remote.budget import Budget, at_most
from promptbench.model.remote.remote import RemoteModel
from promptbench.model.remote.settings import Price, ServerSettings
from promptbench.record import Completion, Encoded, Message, Request, Sampling
from tests.model.remote.batch_server import KEY, NEVER, Anthropic, OpenAI, Service, service

KINDS = {"openai": OpenAI, "anthropic": Anthropic}
SEND = {"openai": "POST /batches", "anthropic": "POST /messages/batches"}
LOOK = {"openai": "GET /batches", "anthropic": "GET /messages/batches"}
READ = {"openai": "GET /files", "anthropic": "GET /messages/batches results"}
PRICE = Price(1000.0, 10_000.0)
EACH = PRICE.of(7, 2) / 2
SETTINGS = ServerSettings(retries=2, timeout=10.0, batch=True, price=PRICE)


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(post, "SOON", 0.01)
    monkeypatch.setattr(post, "LATE", 0.02)
    monkeypatch.setattr(post, "pause", lambda attempt, asked, draw: 0.0)


@pytest.fixture(params=KINDS)
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def far(prefix: str) -> Iterator[Service]:
    with service(KINDS[prefix]) as made:
        yield made


class Told:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def __call__(self, message: str) -> None:
        self.notes.append(message)


def opened(
    far: Service, prefix: str, folder: Path, settings: ServerSettings = SETTINGS, **more: Any
) -> RemoteModel:
    return RemoteModel(f"{prefix}:m@{far.base}", Setup(folder, server=settings, **more))


def request(number: int, said: str = "") -> Request:
    messages = (Message("system", "Be brief."), Message("user", said or f"number {number}"))
    return Request(f"{number:064x}", messages, Encoded("x", (), 0), Sampling(max_tokens=5))


def answers(model: RemoteModel, *asked: Request) -> dict[str, Completion]:
    found = [done for batch in model.stream(iter(asked)) for done in batch]
    assert len(found) == len({done.key for done in found})
    return {done.key: done for done in found}


def notes(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(p.read_text()) for p in (folder / carrier.FOLDER).glob("*.json")]


def test_a_batch_is_answered_for_half_the_price(far: Service, prefix: str, tmp_path: Path):
    budget, told = Budget(1000.0), Told()
    model = opened(far, prefix, tmp_path, budget=budget, notify=told)
    asked = [request(n) for n in range(450)]
    before = budget.spent
    sizes, found = [], {}
    for batch in model.stream(iter(asked)):
        sizes.append(len(batch))
        found.update({done.key: done for done in batch})
    assert sizes == [200, 200, 50], "handed over, and stored, in parts"
    assert {key: done.text for key, done in found.items()} == {
        one.key: f"To number {n}" for n, one in enumerate(asked)
    }
    assert {done.cost for done in found.values()} == {EACH}
    assert budget.spent - before == pytest.approx(450 * EACH)
    assert budget.reserved == pytest.approx(0)
    assert {done.seconds for done in found.values()} == {3.0}, "its share of the batch's time"
    assert far.called(SEND[prefix]) == len(far.batches) == 1
    assert far.single == 1, "the first word alone"
    assert notes(tmp_path) == []
    assert any("0 of 450 answered. Ctrl-C leaves it running" in said for said in told.notes)


def test_an_error_in_a_batch_is_an_error_of_its_request(far: Service, prefix: str, tmp_path: Path):
    model = opened(far, prefix, tmp_path)
    found = answers(model, request(1), request(2, "bad"))
    assert found[request(1).key].text == "To number 1"
    assert "too bad" in found[request(2).key].error
    assert found[request(2).key].cost == 0
    assert notes(tmp_path) == [], "the next run sends it in a new batch"


@pytest.mark.parametrize("status", ["expired", "canceled", "failed", "cancelled"])
def test_a_batch_that_comes_to_nothing_is_errors(
    far: Service, prefix: str, tmp_path: Path, status: str
):
    if (prefix == "anthropic") != (status in ("expired", "canceled")):
        pytest.skip("the other API's word")
    far.status = status
    far.lines = lambda found: [] if prefix == "openai" else found
    found = answers(opened(far, prefix, tmp_path), request(1), request(2))
    assert all(status in done.error for done in found.values())
    assert len(found) == 2


def test_partial_results_are_kept(tmp_path: Path):
    with service(OpenAI) as far:
        far.status = "expired"
        far.lines = lambda found: found[:1]
        found = answers(opened(far, "openai", tmp_path), request(1), request(2))
    assert sorted(bool(done.error) for done in found.values()) == [False, True]
    (lost,) = (done for done in found.values() if done.error)
    assert "no answer to it (expired)" in lost.error


def test_who_leaves_collects_later_what_was_sent_once(far: Service, prefix: str, tmp_path: Path):
    far.looks = NEVER
    asked = [request(n) for n in range(5)]

    def leave(message: str) -> None:
        if "answered" in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answers(opened(far, prefix, tmp_path, notify=leave), *asked)
    (note,) = notes(tmp_path)
    assert note["id"] == "batch_1"
    assert KEY not in json.dumps(note)
    far.looks = 0
    found = answers(opened(far, prefix, tmp_path), *asked, request(9))
    assert len(found) == 6
    assert not any(done.error for done in found.values())
    assert [len(batch.rows) for batch in far.batches.values()] == [5, 1], "only what was in none"
    assert notes(tmp_path) == []


def test_what_another_plan_does_not_want_is_kept(far: Service, prefix: str, tmp_path: Path):
    far.looks = NEVER

    def leave(message: str) -> None:
        if "answered" in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answers(opened(far, prefix, tmp_path, notify=leave), request(1), request(2), request(3))
    far.looks = 0
    assert len(answers(opened(far, prefix, tmp_path), request(2))) == 1
    (note,) = notes(tmp_path)
    assert sorted(note["keys"]) == [request(1).key, request(3).key]
    assert len(answers(opened(far, prefix, tmp_path), request(3), request(1))) == 2
    assert len(far.batches) == 1
    assert notes(tmp_path) == []


def test_a_batch_whose_acceptance_was_not_heard_is_found(far: Service, prefix: str, tmp_path: Path):
    far.looks = -1  # it has ended when it is looked for: then Anthropic tells whose answers it has
    far.drop = lambda call, before: call == SEND[prefix]
    found = answers(opened(far, prefix, tmp_path), request(1), request(2))
    assert not any(done.error for done in found.values())
    assert len(far.batches) == 1
    assert far.called(SEND[prefix]) == 1


def test_a_crash_between_sending_and_noting_pays_once(far: Service, prefix: str, tmp_path: Path):
    far.looks = 0
    asked = [request(1), request(2)]
    model = opened(far, prefix, tmp_path)
    server = carrier.Batches(model.client, tmp_path).server
    lost = note_of(server, [one.key for one in asked])
    rows = [
        {
            "custom_id": one.key,
            "params": model.wire.body(one, "m"),
            "body": model.wire.body(one, "m"),
        }
        for one in asked
    ]
    batch = far.begin(rows, lost.nonce)
    batch.looks = 1
    Notes(tmp_path / carrier.FOLDER).write(lost)
    assert len(answers(model, *asked)) == 2
    assert far.called(SEND[prefix]) == 0
    assert notes(tmp_path) == []


def test_a_note_of_what_was_never_sent_does_not_stop_it(far: Service, prefix: str, tmp_path: Path):
    model = opened(far, prefix, tmp_path)
    server = carrier.Batches(model.client, tmp_path).server
    Notes(tmp_path / carrier.FOLDER).write(note_of(server, [request(1).key]))
    assert answers(model, request(1))[request(1).key].text == "To number 1"
    assert far.called(SEND[prefix]) == 1
    assert notes(tmp_path) == []


@pytest.mark.parametrize("step", ["send", "look", "read"])
@pytest.mark.parametrize("status", [429, 500])
def test_a_service_in_trouble_is_asked_again(
    far: Service, prefix: str, tmp_path: Path, step: str, status: int
):
    call = {"send": SEND, "look": LOOK, "read": READ}[step][prefix]
    model = opened(far, prefix, tmp_path)

    def trouble(name: str, before: int) -> web.StreamResponse | None:
        busy = name == call and before == 0
        return web.json_response({"error": "busy"}, status=status) if busy else None

    far.trouble = trouble
    assert answers(model, request(1))[request(1).key].text == "To number 1"
    assert len(far.batches) == 1


@pytest.mark.parametrize("step", ["look", "read"])
def test_a_service_that_stays_in_trouble_ends_the_run_and_keeps_the_batch(
    far: Service, prefix: str, tmp_path: Path, step: str
):
    call = {"look": LOOK, "read": READ}[step][prefix]
    model = opened(far, prefix, tmp_path)
    far.trouble = lambda name, before: web.Response(status=503) if name == call else None
    with pytest.raises(RunError, match="answered 503") as raised:
        answers(model, request(1))
    assert "the same command collects it" in raised.value.hint
    far.trouble = lambda name, before: None
    assert len(answers(model, request(1))) == 1
    assert len(far.batches) == 1


def test_results_that_break_off_are_read_again(tmp_path: Path):
    with service(OpenAI) as far:
        broken: list[int] = []

        def lines(found: list[bytes]) -> list[bytes]:
            if len(found) < 5 or broken:
                return found
            broken.append(1)
            return [*found[:250], found[250][:20]]

        far.lines = lines
        found = answers(opened(far, "openai", tmp_path), *(request(n) for n in range(300)))
    assert broken
    assert len(found) == 300
    assert not any(done.error for done in found.values())


def test_strangers_and_doubles_among_the_results_are_not_scored(
    far: Service, prefix: str, tmp_path: Path
):
    def lines(found: list[bytes]) -> list[bytes]:
        stranger = [found[0].replace(request(1).key.encode(), b"f" * 64)] if found else []
        return [*stranger, *found, *found]

    far.lines = lines
    found = answers(opened(far, prefix, tmp_path), request(1))
    assert set(found) == {request(1).key}
    assert found[request(1).key].text == "To number 1"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"model": "other"}, "answered as 'other'"),
        ({"choices": [], "content": 3}, "no usable answer"),
        ({"usage": {}}, "no usable answer"),
    ],
)
def test_an_answer_of_a_batch_is_checked_like_any_other(
    far: Service, prefix: str, tmp_path: Path, answer: dict[str, Any], says: str
):
    budget = Budget(1000.0)
    model = opened(far, prefix, tmp_path, budget=budget)
    before = budget.spent
    far.answer = lambda body: answer
    done = answers(model, request(1))[request(1).key]
    assert says in done.error
    paid = EACH if "model" in answer else at_most(request(1), PRICE) / 2
    assert budget.spent - before == pytest.approx(paid)


def test_a_budget_sends_what_it_allows_for_and_is_never_passed(
    far: Service, prefix: str, tmp_path: Path
):
    most = 4 * at_most(request(1), PRICE) / 2 + PRICE.of(7, 2)
    budget = Budget(most)
    model = opened(far, prefix, tmp_path, budget=budget)
    done: list[Completion] = []
    with pytest.raises(RunError, match="the budget of"):
        for batch in model.stream(request(n) for n in range(500)):
            done += batch
    assert len(done) > 4, "what was cheaper than feared makes room for more"
    assert budget.spent <= most
    assert budget.reserved == pytest.approx(0)
    assert len(done) == sum(len(batch.rows) for batch in far.batches.values())


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_ends_the_run_and_leaves_no_note(
    far: Service, prefix: str, tmp_path: Path, status: int
):
    model = opened(far, prefix, tmp_path)
    far.trouble = lambda name, before: web.json_response({"error": f"no {KEY}"}, status=status)
    with pytest.raises(RunError, match=f"answered {status}: no \\*\\*\\*"):
        answers(model, request(1))
    assert notes(tmp_path) == []


def test_a_redirect_is_not_followed(far: Service, prefix: str, tmp_path: Path):
    model = opened(far, prefix, tmp_path)
    elsewhere = {"Location": "http://192.0.2.1/"}
    far.trouble = lambda name, before: (
        web.Response(status=307, headers=elsewhere) if name == READ[prefix] else None
    )
    with pytest.raises(RunError, match="not followed"):
        answers(model, request(1))


@pytest.mark.parametrize("kind", ["ollama", "gemini"])
def test_an_api_without_batches_is_refused(kind: str, tmp_path: Path):
    with pytest.raises(ModelError, match="has no batch endpoint"):
        RemoteModel(f"{kind}:m", Setup(tmp_path, server=SETTINGS))


def test_notes_that_no_service_remembers_are_thrown_away(tmp_path: Path):
    kept = Notes(tmp_path / "notes")
    old = kept.write(note_of("s", ["a"]))
    kept.write(replace(old, created=old.created - KEPT - 1))
    new = kept.write(note_of("s", ["b"]))
    kept.write(note_of("another", ["c"]))
    (kept.folder / "strange.json").write_text("[]")
    assert kept.of("s") == [new]
    assert len(list(kept.folder.glob("*.json"))) == 3

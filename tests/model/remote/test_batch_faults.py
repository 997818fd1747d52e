"""Batches when much goes wrong at once: what was paid for is neither lost nor paid for again."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from promptbench.error import ModelError, RunError, StoreError
from promptbench.model.remote.batch import carrier, post
from promptbench.model.remote.batch.note import Note, Notes, note_of
from promptbench.model.remote.budget import Budget, at_most
from promptbench.model.remote.remote import RemoteModel
from promptbench.record import Completion, Request
from tests.model.remote.batch_server import KEY, NEVER, Anthropic, Batch, OpenAI, Service, service
from tests.model.remote.test_batch import (
    LOOK,
    PRICE,
    READ,
    SEND,
    SETTINGS,
    Told,
    answers,
    far,
    notes,
    opened,
    prefix,
    quick,
    request,
)

__all__ = ["far", "prefix", "quick"]


def leave(message: str) -> None:
    """Interrupt whoever waits."""
    if "answered. Ctrl-C" in message:
        raise KeyboardInterrupt


def sent_and_left(far: Service, prefix: str, folder: Path, *asked: Request) -> None:
    """A sitting that is interrupted while it waits."""
    looks, far.looks = far.looks, NEVER
    with pytest.raises(KeyboardInterrupt):
        answers(opened(far, prefix, folder, notify=leave), *asked)
    far.looks = looks


def lost_batch(far: Service, model: RemoteModel, folder: Path, *asked: Request) -> Note:
    """A batch that was accepted, though nobody heard of it: the note has no id."""
    note = note_of(carrier.Batches(model.client, folder).server, [one.key for one in asked])
    Notes(folder / carrier.FOLDER).write(note)
    accepted(far, model, note.nonce, *asked)
    return note


def accepted(far: Service, model: RemoteModel, tag: str, *asked: Request) -> Batch:
    """A batch that the service has."""
    bodies = [(one.key, model.wire.body(one, "m")) for one in asked]
    return far.begin([{"custom_id": key, "params": b, "body": b} for key, b in bodies], tag)


def ended(batch: Batch) -> None:
    """Let a batch have ended, for services that are set to end at the first look."""
    batch.looks = 1


# A batch that may have been accepted


def test_it_is_found_among_hundreds_that_came_after_it(far: Service, prefix: str, tmp_path: Path):
    model = opened(far, prefix, tmp_path)
    far.looks = 0
    lost_batch(far, model, tmp_path, request(1), request(2))
    for number in range(250):
        accepted(far, model, "another's", request(1000 + number))
    for batch in far.batches.values():
        ended(batch)
    assert len(answers(model, request(1), request(2))) == 2
    assert far.called(SEND[prefix]) == 0
    assert notes(tmp_path) == []


@pytest.mark.parametrize("minutes", [-50, 50])
def test_it_is_found_though_clocks_differ(far: Service, prefix: str, tmp_path: Path, minutes: int):
    model = opened(far, prefix, tmp_path)
    far.looks = 0
    note = lost_batch(far, model, tmp_path, request(1))
    Notes(tmp_path / carrier.FOLDER).write(replace(note, created=note.created + 60 * minutes))
    ended(far.batches["batch_1"])
    assert len(answers(model, request(1))) == 1
    assert far.called(SEND[prefix]) == 0


def test_it_is_found_though_it_was_accepted_late(
    far: Service, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    model = opened(far, prefix, tmp_path)
    far.looks, begin, late = -1, far.begin, []

    def slow(rows: list[dict[str, Any]], tag: str = "") -> Batch:
        late.append((rows, tag))
        raise web.HTTPGatewayTimeout

    def pause(attempt: int, asked: float | None, draw: Any) -> float:
        if late:
            begin(*late.pop())
        return 0.0

    monkeypatch.setattr(far, "begin", slow)
    monkeypatch.setattr(post, "pause", pause)
    assert not answers(model, request(1))[request(1).key].error
    assert far.called(SEND[prefix]) == len(far.batches) == 1


def test_one_of_the_same_size_is_waited_for_and_told(tmp_path: Path):
    told = Told()
    with service(Anthropic) as far:
        model = opened(far, "anthropic", tmp_path, notify=told)
        far.looks = 2
        strange = accepted(far, model, "", request(77))
        note = note_of(carrier.Batches(model.client, tmp_path).server, [request(1).key])
        Notes(tmp_path / carrier.FOLDER).write(note)

        def look(call: str, before: int) -> None:
            if call == LOOK["anthropic"]:
                strange.looks += 1

        far.trouble = look
        assert not answers(model, request(1))[request(1).key].error
        assert [batch.rows[0]["custom_id"] for batch in far.batches.values()] == [
            request(77).key,
            request(1).key,
        ], "it was another's, so the batch was sent"
    assert sum("may have accepted a batch before: when batch_1" in note for note in told.notes) == 1


def test_one_of_another_size_is_not_waited_for(tmp_path: Path):
    with service(Anthropic) as far:
        model = opened(far, "anthropic", tmp_path)
        accepted(far, model, "", request(77), request(78))  # it never ends: nobody looks at it
        note = note_of(carrier.Batches(model.client, tmp_path).server, [request(1).key])
        Notes(tmp_path / carrier.FOLDER).write(note)
        assert not answers(model, request(1))[request(1).key].error
        assert len(far.batches) == 2


def test_a_batch_of_ours_is_not_taken_for_another_of_the_same_size(tmp_path: Path):
    with service(Anthropic) as far:
        sent_and_left(far, "anthropic", tmp_path, request(1))
        far.looks = 0
        model = opened(far, "anthropic", tmp_path)
        server = carrier.Batches(model.client, tmp_path).server
        Notes(tmp_path / carrier.FOLDER).write(note_of(server, [request(2).key]))
        far.looks = NEVER
        with pytest.raises(KeyboardInterrupt):
            answers(opened(far, "anthropic", tmp_path, notify=leave), request(2))
        assert len(far.batches) == 2, "the first one is known, and need not end first"


def test_a_refusal_leaves_no_note_and_is_not_tried_again(far: Service, prefix: str, tmp_path: Path):
    model = opened(far, prefix, tmp_path)
    body = {"error": {"message": "no such endpoint"}}
    far.trouble = lambda call, before: (
        web.json_response(body, status=400) if call == SEND[prefix] else None
    )
    with pytest.raises(RunError, match=r"the batch was refused: .* answered 400: no such"):
        answers(model, request(1))
    assert far.called(SEND[prefix]) == 1
    assert notes(tmp_path) == []


def test_what_stays_unclear_is_looked_for_by_the_next_run(
    far: Service, prefix: str, tmp_path: Path
):
    model = opened(far, prefix, tmp_path)
    far.trouble = lambda call, before: web.Response(status=500) if call == SEND[prefix] else None
    with pytest.raises(RunError, match="answered 500") as raised:
        answers(model, request(1))
    assert "the same command finds it" in raised.value.hint
    (note,) = notes(tmp_path)
    assert note["id"] == ""
    far.trouble = lambda call, before: None
    assert not answers(model, request(1))[request(1).key].error
    assert notes(tmp_path) == []


# Several batches


def test_many_requests_are_several_batches_at_once(
    far: Service, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(carrier, "MOST_REQUESTS", 10)
    told, far.looks = Told(), NEVER
    model = opened(far, prefix, tmp_path, notify=told)

    def go(call: str, before: int) -> None:
        if call == LOOK[prefix] and len(far.batches) == 3:
            far.looks = 2

    far.trouble = go
    found = answers(model, *(request(number) for number in range(25)))
    assert len(found) == 25
    assert not any(done.error for done in found.values())
    assert [len(batch.rows) for batch in far.batches.values()] == [10, 10, 5]
    assert any("3 batches at" in said and "0 of 25 answered" in said for said in told.notes)


def test_no_more_are_under_way_than_may_be(
    far: Service, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(carrier, "MOST_REQUESTS", 2)
    monkeypatch.setattr(carrier, "MOST_LOADS", 3)
    most = 0

    def count(call: str, before: int) -> None:
        nonlocal most
        most = max(most, sum(batch.looks <= far.looks for batch in far.batches.values()))

    far.trouble = count
    assert len(answers(opened(far, prefix, tmp_path), *map(request, range(20)))) == 20
    assert most == 3


def test_a_batch_is_no_larger_than_it_may_be_whatever_the_letters(
    far: Service, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(carrier, "MOST_BYTES", 100_000)
    model = opened(far, prefix, tmp_path)
    found = answers(model, *(request(number, "ы\n" * 1000) for number in range(40)))
    assert len(found) == 40
    sizes = [len(json.dumps(batch.rows)) for batch in far.batches.values()]
    assert max(sizes) < 102_000
    assert len(sizes) > 3


def test_a_batch_of_megabytes_is_sent(far: Service, prefix: str, tmp_path: Path):
    model = opened(far, prefix, tmp_path)
    found = answers(model, *(request(number, "x" * 100_000) for number in range(30)))
    assert not any(done.error for done in found.values())
    assert len(far.batches) == 1


def full(far: OpenAI, most: int) -> None:
    """Let a service have room for so many requests at once."""
    shown = far.shown

    def crowded(batch: Batch, ended: bool) -> dict[str, Any]:
        said = shown(batch, ended)
        before = [one for one in far.batches.values() if int(one.id[6:]) < int(batch.id[6:])]
        waiting = [one for one in before if one.looks <= far.looks and one.tag != "full"]
        if batch.tag == "full" or sum(len(one.rows) for one in (*waiting, batch)) > most:
            batch.tag = "full"
            error = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached"}
            said |= {"status": "failed", "errors": {"data": [error]}}
            said |= {"output_file_id": None, "error_file_id": None}
        return said

    far.shown = crowded  # type: ignore[method-assign]


def test_a_service_without_room_is_sent_less_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(carrier, "MOST_REQUESTS", 8)
    told, budget = Told(), Budget(1000.0)
    with service(OpenAI) as far:
        assert isinstance(far, OpenAI)
        model = opened(far, "openai", tmp_path, notify=told, budget=budget)
        full(far, 5)
        found = answers(model, *(request(number) for number in range(20)))
    assert len(found) == 20
    assert not any(done.error for done in found.values())
    assert budget.reserved == pytest.approx(0)
    assert any("has no room for as much at once" in said for said in told.notes)
    assert notes(tmp_path) == []


def test_a_request_that_never_has_room_is_an_error(tmp_path: Path):
    with service(OpenAI) as far:
        assert isinstance(far, OpenAI)
        model = opened(far, "openai", tmp_path)
        full(far, 0)
        found = answers(model, request(1), request(2))
    assert {done.error for done in found.values()} == {
        "the batch has no answer to it (failed: Enqueued token limit reached)"
    }


# Results


def test_a_line_that_nobody_can_read_costs_its_own_request_alone(
    far: Service, prefix: str, tmp_path: Path
):
    far.lines = lambda found: [found[0][:20], *found[1:]] if found else found
    found = answers(opened(far, prefix, tmp_path), *(request(number) for number in range(5)))
    (lost,) = (done for done in found.values() if done.error)
    assert "1 lines of it cannot be read" in lost.error
    assert len(found) == 5
    assert notes(tmp_path) == [], "the next run sends that one again"


def test_results_with_a_broken_line_are_read_again(far: Service, prefix: str, tmp_path: Path):
    model = opened(far, prefix, tmp_path)
    far.trouble = lambda call, before: (
        web.Response(body=b'{"custom_id": "00\n') if call == READ[prefix] and not before else None
    )
    assert not answers(model, request(1))[request(1).key].error
    assert len(far.batches) == 1


@pytest.mark.parametrize("row", ["[]", "3", '{"custom_id": 3}', '{"result": {}}', "null"])
def test_strange_lines_are_left_out(far: Service, prefix: str, tmp_path: Path, row: str):
    far.lines = lambda found: [row.encode(), *found]
    found = answers(opened(far, prefix, tmp_path), request(1))
    assert found[request(1).key].text == "To number 1"


def test_two_different_answers_to_a_request_are_none(far: Service, prefix: str, tmp_path: Path):
    far.lines = lambda found: [*found, *(one.replace(b"To", b"At") for one in found)]
    found = answers(opened(far, prefix, tmp_path), request(1))
    assert "several answers to it" in found[request(1).key].error
    assert found[request(1).key].text == ""


def cut(kind: type[Service]) -> type[Service]:
    """A service whose results end in the middle of a line, though the line to it held."""

    class Cut(kind):  # type: ignore[valid-type, misc]
        whole = False

        def told(self, lines: list[dict[str, Any]]) -> bytes:
            raw: bytes = super().told(lines)
            return raw if self.whole or not lines else raw[:-30]

    return Cut


def test_results_that_stay_cut_short_are_not_taken_for_whole(prefix: str, tmp_path: Path):
    kind = cut(OpenAI if prefix == "openai" else Anthropic)
    with service(kind) as far:
        asked = [request(number) for number in range(5)]
        with pytest.raises(RunError, match="end in the middle of a line") as raised:
            answers(opened(far, prefix, tmp_path), *asked)
        assert "the same command collects it" in raised.value.hint
        far.whole = True  # type: ignore[attr-defined]
        found = answers(opened(far, prefix, tmp_path), *asked)
        assert not any(done.error for done in found.values())
        assert len(far.batches) == 1


def test_results_are_here_before_the_first_is_handed_over(prefix: str, tmp_path: Path):
    with service(OpenAI if prefix == "openai" else Anthropic) as far:
        said = "x" * 20_000  # more than what lies in the buffers of a connection
        asked = [request(number, f"{number} {said}") for number in range(450)]
        stream = opened(far, prefix, tmp_path).stream(iter(asked))
        found = next(stream)
    found += [done for part in stream for done in part]  # the service is gone
    assert len(found) == 450
    assert not any(done.error for done in found)
    assert notes(tmp_path) == []


@pytest.mark.slow
def test_a_line_that_is_slow_and_not_silent_is_listened_to(tmp_path: Path):
    settings = replace(SETTINGS, timeout=2.0, retries=3)
    with service(OpenAI) as far:
        inner = far.route

        async def slow(asked: web.Request, path: str) -> web.StreamResponse:
            answer = await inner(asked, path)
            if not path.endswith("/content"):
                return answer
            assert isinstance(answer, web.Response)
            raw = bytes(answer.body or b"")  # type: ignore[arg-type]
            stream = web.StreamResponse()
            await stream.prepare(asked)
            for start in range(0, len(raw), -(-len(raw) // 6) or 1):
                await stream.write(raw[start : start + -(-len(raw) // 6)])
                await asyncio.sleep(0.6)
            return stream

        far.route = slow  # type: ignore[method-assign]
        found = answers(opened(far, "openai", tmp_path, settings), *map(request, range(9)))
    assert not any(done.error for done in found.values())


def test_what_is_stored_is_struck_while_the_rest_is_handed_over(
    far: Service, prefix: str, tmp_path: Path
):
    stream = opened(far, prefix, tmp_path).stream(request(number) for number in range(450))
    first, second = next(stream), next(stream)
    (note,) = notes(tmp_path)
    assert len(note["keys"]) == 250, "who asks for the second part has stored the first"
    assert set(note["handed"]) == {done.key for done in second}
    assert not set(note["keys"]) & {done.key for done in first}
    assert len(list(stream)) == 1
    assert notes(tmp_path) == []


def test_a_fresh_run_takes_nothing_that_may_have_been_stored(
    far: Service, prefix: str, tmp_path: Path
):
    asked = [request(number) for number in range(250)]
    stream = opened(far, prefix, tmp_path).stream(iter(asked))
    handed = {done.key for done in next(stream)}
    del stream
    found = answers(opened(far, prefix, tmp_path, fresh=True), *asked)
    assert len(found) == 250
    _, again = far.batches.values()
    assert {row["custom_id"] for row in again.rows} == handed
    assert notes(tmp_path) == []


def test_what_was_handed_over_and_not_stored_is_collected_again(
    far: Service, prefix: str, tmp_path: Path
):
    asked = [request(number) for number in range(5)]
    stream = opened(far, prefix, tmp_path).stream(iter(asked))
    assert len(next(stream)) == 5
    del stream
    assert len(answers(opened(far, prefix, tmp_path), *asked)) == 5
    assert len(far.batches) == 1
    assert notes(tmp_path) == []


def test_what_was_handed_over_in_vain_outlasts_a_plan_that_does_not_want_it(
    far: Service, prefix: str, tmp_path: Path
):
    asked = [request(number) for number in range(450)]
    stream = opened(far, prefix, tmp_path).stream(iter(asked))
    assert len(next(stream)) == 200
    del stream  # nothing of this part was stored
    stream = opened(far, prefix, tmp_path).stream(iter(asked[200:]))
    assert [len(next(stream)), len(next(stream))] == [200, 50]
    del stream  # nor of the second part here
    left = [*asked[:200], *asked[400:]]
    assert len(answers(opened(far, prefix, tmp_path), *left)) == 250
    assert len(far.batches) == 1
    assert notes(tmp_path) == []


def test_a_plan_that_wants_less_leaves_what_may_not_have_been_stored(
    far: Service, prefix: str, tmp_path: Path
):
    asked = [request(number) for number in range(5)]
    sent_and_left(far, prefix, tmp_path, *asked)
    stream = opened(far, prefix, tmp_path).stream(iter(asked[:3]))
    assert len(next(stream)) == 3
    del stream
    assert len(answers(opened(far, prefix, tmp_path), *asked[3:])) == 2
    assert len(answers(opened(far, prefix, tmp_path), *asked[:3])) == 3
    assert len(far.batches) == 1
    assert notes(tmp_path) == []


# Money


def test_what_an_earlier_sitting_sent_counts_against_the_budget(
    far: Service, prefix: str, tmp_path: Path
):
    worst = at_most(request(1), PRICE) / 2
    written = int(0.95 * worst * 2 * 1e6 / PRICE.output)
    used = {"prompt_tokens": 0, "completion_tokens": written}
    far.answer = lambda body: {"usage": used | {"input_tokens": 0, "output_tokens": written}}
    sent_and_left(far, prefix, tmp_path, *(request(number) for number in range(4)))
    budget = Budget(4 * worst)
    with pytest.raises(RunError, match="the budget of"):
        answers(opened(far, prefix, tmp_path, budget=budget), *map(request, range(8)))
    assert budget.spent <= 4 * worst
    assert budget.reserved == pytest.approx(0)
    assert [len(batch.rows) for batch in far.batches.values()] == [4]


# Who is at it


def test_another_process_does_not_send_what_is_being_sent(
    far: Service, prefix: str, tmp_path: Path
):
    arrived, go = threading.Event(), threading.Event()
    inner = far.route

    async def route(asked: web.Request, path: str) -> web.StreamResponse:
        if f"{asked.method} {path}" == SEND[prefix]:
            arrived.set()
            await asyncio.get_running_loop().run_in_executor(None, go.wait, 30)
        return await inner(asked, path)

    first, second = (opened(far, prefix, tmp_path) for _ in range(2))
    far.route = route  # type: ignore[method-assign]
    found: list[Completion] = []
    thread = threading.Thread(target=lambda: found.extend(answers(first, request(1)).values()))
    thread.start()
    try:
        assert arrived.wait(30)
        with pytest.raises(RunError, match="another promptbench is waiting for a batch"):
            answers(second, request(1), request(2))
    finally:
        go.set()
        thread.join(30)
    assert not found[0].error
    assert len(far.batches) == 1


def test_another_process_may_send_what_is_its_own(far: Service, prefix: str, tmp_path: Path):
    far.looks = NEVER
    waits, go = threading.Event(), threading.Event()

    def hold(message: str) -> None:
        if "answered. Ctrl-C" in message:
            waits.set()
            assert go.wait(30)

    first = opened(far, prefix, tmp_path, notify=hold)
    found: list[Completion] = []
    thread = threading.Thread(target=lambda: found.extend(answers(first, request(1)).values()))
    thread.start()
    try:
        assert waits.wait(30)
        far.looks = 0
        assert not answers(opened(far, prefix, tmp_path), request(2))[request(2).key].error
    finally:
        go.set()
        thread.join(30)
    assert not found[0].error
    assert notes(tmp_path) == []


def test_a_folder_that_cannot_be_written_to_sends_nothing(
    far: Service, prefix: str, tmp_path: Path
):
    (tmp_path / ".promptbench").write_text("in the way")
    with pytest.raises(StoreError, match="a batch cannot be noted"):
        answers(opened(far, prefix, tmp_path), request(1))
    assert not far.batches


# Services in trouble


def test_an_outage_of_minutes_does_not_end_the_wait(far: Service, prefix: str, tmp_path: Path):
    told = Told()
    model = opened(far, prefix, tmp_path, notify=told)
    before = far.called(LOOK[prefix])
    far.trouble = lambda call, number: (
        web.Response(status=503) if call == LOOK[prefix] and number < before + 20 else None
    )
    assert not answers(model, request(1))[request(1).key].error
    assert sum("asked again until it answers" in said for said in told.notes) == 1


@pytest.mark.parametrize("step", ["look", "read"])
def test_a_batch_that_the_service_has_no_more_is_told_and_not_sent_again_unasked(
    far: Service, prefix: str, tmp_path: Path, step: str
):
    sent_and_left(far, prefix, tmp_path, request(1))
    model = opened(far, prefix, tmp_path)
    call = {"look": LOOK, "read": READ}[step][prefix]
    far.trouble = lambda name, before: web.Response(status=404) if name == call else None
    with pytest.raises(RunError, match="answered 404") as raised:
        answers(model, request(1))
    (path,) = (tmp_path / carrier.FOLDER).glob("*.json")
    assert f"delete {path}: its requests are then sent again" in raised.value.hint
    path.unlink()
    far.trouble = lambda name, before: None
    assert not answers(model, request(1))[request(1).key].error
    assert len(far.batches) == 2


@pytest.mark.parametrize("step", ["files", "send", "look", "read"])
def test_the_key_goes_nowhere_else(prefix: str, far: Service, tmp_path: Path, step: str):
    if (prefix, step) == ("anthropic", "files"):
        step = "send"
    call = {"files": {"openai": "POST /files"}, "send": SEND, "look": LOOK, "read": READ}[step]
    model = opened(far, prefix, tmp_path)
    with service(OpenAI) as other:
        elsewhere = {"Location": f"{other.base}/batches"}
        far.trouble = lambda name, before: (
            web.Response(status=307, headers=elsewhere) if name == call[prefix] else None
        )
        with pytest.raises(RunError, match="not followed") as raised:
            answers(model, request(1))
        assert other.calls == []
    assert KEY not in str(raised.value)


# Before anything is run


@pytest.mark.parametrize("status", [401, 403, 404, 405, 501])
def test_a_server_without_batches_is_refused_when_it_is_opened(
    far: Service, prefix: str, tmp_path: Path, status: int
):
    far.trouble = lambda call, before: (
        web.json_response({"error": KEY}, status=status) if call == LOOK[prefix] else None
    )
    with pytest.raises(ModelError, match=f"asked in batches: .* answered {status}") as raised:
        opened(far, prefix, tmp_path)
    assert "leave `batch` out" in raised.value.hint
    assert KEY not in str(raised.value)


def test_the_endpoint_is_looked_for_once(far: Service, prefix: str, tmp_path: Path):
    for _ in range(3):
        opened(far, prefix, tmp_path)
    assert far.called(LOOK[prefix]) == 1
    plain = replace(SETTINGS, batch=False)
    assert opened(far, prefix, tmp_path, plain).info.identity == (
        opened(far, prefix, tmp_path).info.identity
    ), "the same requests, whichever way they go"


def test_another_models_answer_is_not_scored_and_the_next_run_asks_who_answers(
    far: Service, prefix: str, tmp_path: Path
):
    model = opened(far, prefix, tmp_path)
    far.answer = lambda body: {"model": "other"}
    assert "answered as 'other'" in answers(model, request(1))[request(1).key].error
    assert opened(far, prefix, tmp_path).info.identity != model.info.identity


def test_a_note_that_is_damaged_is_no_ones(tmp_path: Path):
    kept = Notes(tmp_path / "notes")
    note = kept.write(note_of("s", ["a"]))
    for text in ("{", "[]", "{}", '{"keys": ["a"], "handed": 3}'):
        (kept.folder / "strange.json").write_text(text)
        assert kept.of("s") == [note]

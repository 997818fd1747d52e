"""Sessions change no output; they only spare the reading of what was read before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from promptbench.model.local.engine import PackedEngine
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.record import Choice, Completion, Request
from tests.model.tiny import WORDS, answers, reference, request, requests, texts, told

SYSTEM = " ".join(random.Random(5).choices(WORDS, k=40))
TOKEN_BYTES = 256  # of the tiny LLaMA


@pytest.fixture
def model(folders: dict[str, Path]) -> LocalModel:
    """A tiny LLaMA that holds nothing yet."""
    return opening(folders["llama"])


def opening(folder: Path, **setup: Any) -> LocalModel:
    return LocalModel("./tiny", folder, Setup(folder, **setup))


def packed(model: LocalModel) -> PackedEngine:
    assert isinstance(model.engine, PackedEngine)
    return model.engine


def asking(model: LocalModel, prompt: str, session: str, **sampling: Any) -> Request:
    return replace(request(model, prompt, **sampling), session=session)


def words(draw: random.Random, most: int = 9) -> str:
    return " ".join(draw.choices(WORDS, k=draw.randint(1, most)))


def call(model: LocalModel, asked: Sequence[Request], **settings: Any) -> list[Completion]:
    """The answers of one call, in the order of the requests; each must be transformers' own."""
    found = answers(model, asked)
    for one in asked:
        assert told(found[one.key]) == reference(model, one, **settings)
    return [found[one.key] for one in asked]


def talk(
    model: LocalModel, number: int, turns: int, seed: int = 0, **sampling: Any
) -> list[list[Request]]:
    """Dialogues that go on side by side, checked; the requests of each call."""
    draw = random.Random(seed)
    histories = [SYSTEM] * number
    asked = []
    for _ in range(turns):
        histories = [f"{history} {words(draw)}" for history in histories]
        asked.append(
            [asking(model, h, f"d{n}", **sampling) for n, h in enumerate(histories)],
        )
        done = call(model, asked[-1])
        histories = [f"{history} {one.text}" for history, one in zip(histories, done, strict=True)]
    return asked


def held_tokens(before: Request, after: Request) -> int:
    """What two prompts have in common, and the first written in between, but for the last."""
    first, second = before.encoded.ids, after.encoded.ids
    assert second[: len(first)] == first
    return len(first)


@pytest.mark.parametrize("kind", ["llama", "mistral", "qwen2", "gpt2"])
def test_turns_of_a_session_are_exact_and_read_only_what_is_new(
    folders: dict[str, Path], kind: str
):
    model = opening(folders[kind])
    asked = talk(model, 5, 5)
    least = sum(
        held_tokens(before, after)
        for earlier, later in pairwise(asked)
        for before, after in zip(earlier, later, strict=True)
    )
    whole = sum(len(one.encoded.ids) for turn in asked[1:] for one in turn)
    assert least <= packed(model).reused < whole


def test_a_reply_is_not_read_again_but_for_its_last_token(model: LocalModel):
    for prompt in texts(30):  # some replies hold special tokens, which their text does not
        one = asking(model, prompt, prompt)
        (done,) = call(model, [one])
        if done.output_tokens == len(done.text.split()):
            break
    call(model, [asking(model, f"{prompt} {done.text} w1 w2 w3", prompt)])
    written = done.output_tokens - 1
    assert written > 2
    assert packed(model).reused == len(one.encoded.ids) + written


def test_without_a_session_nothing_is_held(model: LocalModel):
    asked = requests(model, texts(6, shared=40))
    call(model, asked)
    call(model, asked)
    assert packed(model).reused == 0
    assert packed(model).shelf.taken == 0


def test_a_session_that_nothing_is_held_of_is_a_request_as_any_other(model: LocalModel):
    assert talk(model, 3, 1)
    assert packed(model).reused == 0


def test_a_beginning_that_sessions_share_stays_shared(model: LocalModel):
    talk(model, 6, 3)
    shelf = packed(model).shelf
    tops = {held.segments[0] for held in shelf.held.values()}
    assert len(shelf.held) == 6
    assert len(tops) == 1


def test_a_changed_history_keeps_what_it_still_has_in_common(model: LocalModel):
    asked = [asking(model, f"{SYSTEM} {words(random.Random(n))}", f"d{n}") for n in range(6)]
    call(model, asked)
    kept = SYSTEM.split()[:30]
    other = next(word for word in WORDS if word != SYSTEM.split()[30])
    beginning = " ".join([*kept, other])
    common = len(kept) + 1  # a text begins with a token of its own
    changed = [asking(model, f"{beginning} {words(random.Random(n))}", f"d{n}") for n in range(6)]
    call(model, changed)
    assert packed(model).reused == 6 * common
    shelf = packed(model).shelf
    assert len({held.segments for held in shelf.held.values()}) == 1
    assert {len(segment.tokens) for segment in shelf.segments} == {common}


def test_two_requests_of_one_session_in_one_call_are_both_right(model: LocalModel):
    first = [asking(model, f"{SYSTEM} {end}", "d") for end in ("w1 w2", "w3 w4 w5")]
    call(model, first)
    assert len(packed(model).shelf.held) == 1
    call(model, [asking(model, f"{SYSTEM} {end} w9 w8", "d") for end in ("w1 w2", "w3 w4 w5")])
    assert packed(model).reused > 30


def test_a_choice_has_no_session(model: LocalModel):
    choice = Choice(("a", "b"), (("w1",), ("w2 w3",)))
    one = asking(model, f"{SYSTEM} w4", "d", choice=choice)
    first = answers(model, [one])[one.key]
    assert answers(model, [one])[one.key].choices == first.choices
    assert packed(model).shelf.held == {}


def test_a_repetition_penalty_sees_what_was_not_read_again(model: LocalModel):
    one = asking(model, SYSTEM, "d", repetition_penalty=1.8)
    (done,) = call(model, [one], repetition_penalty=1.8)
    after = asking(model, f"{SYSTEM} {done.text} w1 w2", "d", repetition_penalty=1.8)
    call(model, [after], repetition_penalty=1.8)
    assert packed(model).reused > len(one.encoded.ids)


def any_turn(model: LocalModel, draw: random.Random, histories: dict[str, str]) -> list[Request]:
    """Requests of a call in which anything may happen to a dialogue."""
    asked = {}
    for name in draw.sample(sorted(histories), draw.randint(1, len(histories))):
        history = histories[name].split()
        kind = draw.choice(["on", "on", "on", "forget", "change", "cut", "again"])
        if kind == "forget":
            history = history[: draw.randint(1, 40)] + history[-draw.randint(1, 6) :]
        elif kind == "change":
            history[draw.randrange(len(history))] = draw.choice(WORDS)
        elif kind == "cut":
            history = history[: draw.randint(1, len(history))]
        text = " ".join(history[:150]) + ("" if kind == "again" else f" {words(draw)}")
        session = draw.choice([name, name, name, "", "d0"])
        one = asking(model, text, session, max_tokens=draw.randint(1, 14))
        asked[one.key] = one
        histories[name] = text
    return list(asked.values())


@pytest.mark.parametrize("tokens", [None, 4000, 900, 300, 1])
@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_to_dialogues_every_output_is_exact(
    folders: dict[str, Path], seed: int, tokens: int | None
):
    memory = tokens and tokens * TOKEN_BYTES
    model = opening(folders["llama"], max_memory=memory)
    draw = random.Random(seed)
    histories = {f"d{n}": f"{SYSTEM if n % 3 else 'w5'} {words(draw)}" for n in range(9)}
    for _ in range(12):
        asked = any_turn(model, draw, histories)
        done = call(model, asked)
        texts_by_prompt = {one.messages[0].text: d.text for one, d in zip(asked, done, strict=True)}
        for name, text in histories.items():
            histories[name] = f"{text} {texts_by_prompt.get(text, '')}".strip()
    assert tokens == 1 or packed(model).reused > 0


def test_room_for_few_is_given_to_those_that_the_call_names(folders: dict[str, Path]):
    model = opening(folders["llama"], max_memory=5 * (31 + 12) * TOKEN_BYTES)
    prompts = {name: " ".join(random.Random(name).choices(WORDS, k=30)) for name in "abcdef"}
    call(model, [asking(model, prompts[name], name) for name in "abc"])
    shelf = packed(model).shelf
    assert (len(shelf.used), set(shelf.held)) == (5, set("abc"))
    call(model, [asking(model, prompts[name], name) for name in "def"])
    assert set("def") < set(shelf.held)
    assert len(shelf.held) == 5
    call(model, [asking(model, prompts[name], name) for name in "abcdef"])
    assert packed(model).reused == 5 * 30


def test_longer_turns_move_to_longer_slots_with_what_they_hold(folders: dict[str, Path]):
    model = opening(folders["llama"], max_memory=40 * 40 * TOKEN_BYTES)
    shelf = packed(model).shelf
    prompt, capacities = "w1 w2 w3 w4", set()
    for turn in range(6):
        (done,) = call(model, [asking(model, prompt, "d")])
        capacities.add(shelf.capacity)
        prompt = f"{prompt} {done.text} {words(random.Random(turn), 20)} w9"
    assert len(capacities) > 1
    assert len(shelf.used) < 40
    assert packed(model).reused > 60


def test_requests_without_sessions_run_beside_what_is_held(model: LocalModel):
    asked = talk(model, 4, 1)[0]
    before = packed(model).shelf.taken
    call(model, requests(model, texts(5)))
    assert packed(model).shelf.taken == before > 0
    call(model, [asking(model, f"{one.messages[0].text} w1", one.session) for one in asked])
    assert packed(model).reused > 4 * 30


def test_where_both_do_not_fit_the_sessions_give_way(folders: dict[str, Path]):
    model = opening(folders["llama"], max_memory=200 * TOKEN_BYTES)
    talk(model, 2, 1)
    assert packed(model).shelf.taken > 0
    call(model, requests(model, texts(8)))
    assert packed(model).shelf.taken == 0


def test_when_memory_runs_out_what_is_held_goes_first(
    model: LocalModel, monkeypatch: pytest.MonkeyPatch
):
    asked = talk(model, 6, 2)[-1]
    engine = packed(model)
    forward = engine.runner.forward
    rows: list[int] = []

    def tight(tokens: list[int], step: Any, wanted: Any) -> torch.Tensor:
        rows.append(len(engine.shelf.used))
        if len(rows) == 3:
            raise MemoryError
        return forward(tokens, step, wanted)

    monkeypatch.setattr(engine.runner, "forward", tight)
    call(model, [asking(model, f"{one.messages[0].text} w1", one.session) for one in asked])
    assert len(set(rows)) == 1  # no fewer than before
    rows.clear()
    call(model, [asking(model, f"{one.messages[0].text} w2", one.session) for one in asked])
    assert len(engine.shelf.held) == 6


def test_memory_that_runs_out_again_and_again_ends_in_fewer_rows(
    model: LocalModel, monkeypatch: pytest.MonkeyPatch
):
    asked = talk(model, 20, 1)[-1]
    engine = packed(model)
    forward = engine.runner.forward

    def tight(tokens: list[int], step: Any, wanted: Any) -> torch.Tensor:
        if step.decoding is not None and len(step.decoding.slots) > 5:
            raise MemoryError
        return forward(tokens, step, wanted)

    monkeypatch.setattr(engine.runner, "forward", tight)
    call(model, [asking(model, f"{one.messages[0].text} w1", one.session) for one in asked])


def test_a_call_that_is_left_in_the_middle_leaves_what_it_read(model: LocalModel):
    asked = [asking(model, f"{SYSTEM} {words(random.Random(n))}", f"d{n}") for n in range(20)]
    asked += [asking(model, f"{SYSTEM} w1", "long", max_tokens=150)]
    stream = model.stream(asked)
    early = next(stream)
    stream.close()
    assert len(early) < len(asked)
    assert "long" in packed(model).shelf.held
    call(model, [asking(model, f"{SYSTEM} w1", "long", max_tokens=30)])
    assert packed(model).reused >= len(asked[-1].encoded.ids) - 1
    call(model, asked[:-1])


def test_after_wrong_numbers_nothing_is_held(model: LocalModel, monkeypatch: pytest.MonkeyPatch):
    asked = talk(model, 3, 1)[0]
    engine = packed(model)
    with monkeypatch.context() as patched:
        nonsense = torch.full((3, 64), float("nan"))
        patched.setattr(engine.runner, "forward", lambda *_: nonsense)
        with pytest.raises(Exception, match="not finite"):
            answers(model, asked)
    assert engine.shelf.taken == 0
    call(model, asked)


def test_release_lets_go_of_everything(model: LocalModel):
    talk(model, 3, 2)
    model.release()
    assert "engine" not in vars(model)
    assert packed(model).shelf.taken == 0
    talk(model, 3, 1)


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_other_precisions_have_sessions_too(folders: dict[str, Path], precision: str):
    model = opening(folders["llama"], precision=precision)
    one = asking(model, f"{SYSTEM} w1", "d")
    done = answers(model, [one])[one.key]
    after = asking(model, f"{SYSTEM} w1 {done.text} w2", "d")
    assert answers(model, [after])[after.key].output_tokens > 0
    assert packed(model).reused >= len(one.encoded.ids)


def test_padded_batches_know_no_sessions(folders: dict[str, Path]):
    model = opening(folders["t5"])
    first = asking(model, SYSTEM, "d")
    call(model, [first, asking(model, f"{SYSTEM} w1", "d")])
    call(model, [first])


def test_reading_again_costs_a_session_only_what_is_new(model: LocalModel):
    asked = [asking(model, f"{SYSTEM} {words(random.Random(n))}", f"d{n}") for n in range(4)]
    call(model, asked)
    again = answers(model, asked)
    assert all(done.seconds > 0 for done in again.values())
    kept = packed(model).shelf.segments.values()
    assert all(one.seconds == 0 for one in kept)

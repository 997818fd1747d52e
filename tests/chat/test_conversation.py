from __future__ import annotations

from typing import Any

import pytest

from promptbench.chat.conversation import Conversation
from promptbench.chat.voice import Stopped
from promptbench.error import InputError, ModelError, RunError
from promptbench.record import Request
from tests.chat.conftest import Talk
from tests.chat.speaking import SpeakingBackend, SpeakingModel
from tests.run.chatting import Chat, said, write_rows

USERS = ["My number is 7.", "Which room is it?", "And what comes next?", "What is my number?"]
FORMS = ["all", "none", "last:1", "tokens:60", "summary:16+last:1"]


def quiet(piece: str) -> None:
    """Hear nothing."""


def model_of(talk: Conversation) -> SpeakingModel:
    """The talk's model."""
    assert isinstance(talk.model, SpeakingModel)
    return talk.model


def after(words: int) -> Any:
    """A listener who has heard enough after so many words."""
    heard: list[str] = []

    def hear(piece: str) -> None:
        if len(heard) == words and piece:
            raise Stopped
        heard.extend([piece] if piece else [])

    return hear


@pytest.mark.parametrize("form", FORMS)
def test_a_talk_is_word_for_word_what_a_run_of_the_same_turns_is(chat: Chat, talk: Talk, form: str):
    turns = [*USERS[:-1], {"user": USERS[-1], "references": ["7"]}]
    write_rows(chat, [{"id": "d", "turns": turns}])
    chat.edit("suites/talk.yaml", "[all, none, last: 1]", f"[{form!r}]")
    found = said(chat, chat.run().run_id)
    live = talk(model="fake:a", persona="mira", memory=form).talk
    replies = [live.say(user, quiet) for user in USERS]
    assert [reply.text for reply in replies if reply] == [
        found["friend", "d", number] for number in (1, 2, 3, 4)
    ]


def test_a_reply_says_what_it_took(talk: Talk):
    live = talk(persona="mira", memory="last:1").talk
    pieces: list[str] = []
    for user in USERS[:3]:
        pieces.clear()
        reply = live.say(user, pieces.append)
    assert reply
    assert "".join(pieces) == reply.text
    assert (reply.kept, reply.before, reply.ending) == ((2,), 2, "")
    assert reply.prompt_tokens == model_of(live).heard[-1].encoded.tokens
    assert reply.output_tokens == len(reply.text.split())


def test_all_requests_are_of_one_session_but_those_for_summaries(talk: Talk):
    live = talk(persona="mira", memory="summary:16+last:1").talk
    for user in USERS[:3]:
        live.say(user, quiet)
    sessions = [request.session for request in model_of(live).heard]
    assert sessions == ["chat", "chat", "", "chat"]


def test_a_reply_that_is_stopped_is_kept_so_far(talk: Talk, speaking: SpeakingBackend):
    speaking.manner.says = "one two three four"
    live = talk().talk
    reply = live.say("Count!", after(2))
    assert reply and (reply.text, reply.ending) == ("one two", "stopped")
    live.say("Go on!", quiet)
    assert [m.text for m in model_of(live).heard[-1].messages] == ["Count!", "one two", "Go on!"]
    assert model_of(live).released == 0


def test_stopped_before_a_word_nothing_was_said(talk: Talk, speaking: SpeakingBackend):
    live = talk().talk
    with pytest.raises(Stopped):
        live.say("Count!", after(0))
    assert (live.turns, live.pending) == ([], "Count!")
    reply = live.again(quiet)
    assert reply and live.past[0].user == "Count!"
    assert live.pending == ""


def test_an_interruption_inside_of_the_model_has_its_weights_loaded_anew(talk: Talk):
    live = talk().talk

    def broken(piece: str) -> None:
        if piece:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        live.say("Hello", broken)
    assert model_of(live).released == 1
    assert live.turns == []


def test_a_model_that_says_nothing_makes_no_turn(talk: Talk, speaking: SpeakingBackend):
    speaking.manner.says = ""
    live = talk().talk
    assert live.say("Hello", quiet) is None
    assert (live.turns, live.pending) == ([], "Hello")


def test_a_model_that_fails_leaves_the_talk_as_it_was(talk: Talk, fake: Any):
    live = talk(model="fake:a").talk
    fake.behaviour.failing = ("boom",)
    with pytest.raises(RunError, match="the fake model failed"):
        live.say("boom", quiet)
    assert (live.turns, live.pending) == ([], "boom")
    assert live.say("Hello", quiet)


def test_undo_takes_a_turn_back_and_what_a_summary_took_of_it(talk: Talk):
    live = talk(persona="mira", memory="summary:16+last:1").talk
    summaries = []
    for user in USERS:
        live.say(user, quiet)
        summaries.append((live.summary, live.covered))
    assert [covered for _, covered in summaries] == [0, 0, 1, 2]
    live.undo()
    assert (live.summary, live.covered) == summaries[2]
    live.undo()
    assert (live.summary, live.covered, len(live.turns)) == (*summaries[1], 2)


def test_undo_of_nothing_is_an_error(talk: Talk):
    with pytest.raises(InputError, match="no turn"):
        talk().talk.undo()


def test_said_again_the_answer_is_another_and_the_first_is_gone(talk: Talk):
    live = talk(temperature=1.0).talk
    live.say("Hello", quiet)
    first = live.past
    live.again(quiet)
    live.again(quiet)
    requests = model_of(live).heard
    assert [request.repeat for request in requests] == [0, 1, 2]
    assert len({request.key for request in requests}) == 3
    assert len({request.encoded for request in requests}) == 1
    assert len(live.past) == 1 and live.past != first
    live.say("Next", quiet)
    assert requests[-1].repeat == 0


def test_an_answer_is_kept_if_there_is_no_other(talk: Talk, speaking: SpeakingBackend):
    live = talk().talk
    live.say("Hello", quiet)
    before = list(live.turns)
    with pytest.raises(Stopped):
        live.again(after(0))
    assert (live.turns, live.pending) == (before, "")
    speaking.manner.says = ""
    assert live.again(quiet) is None
    assert (live.turns, live.pending) == (before, "")


def test_a_reply_is_shorter_where_the_context_ends(talk: Talk, speaking: SpeakingBackend):
    speaking.manner.context = 120
    live = talk(max_tokens=100).talk
    live.say(" ".join(["word"] * 60), quiet)
    request = model_of(live).heard[-1]
    assert request.sampling.max_tokens == 120 - request.encoded.tokens


def test_a_full_context_says_which_memory_goes_on(talk: Talk, speaking: SpeakingBackend):
    speaking.manner.context = 120
    live = talk(max_tokens=100).talk
    said_so = None
    while not said_so:
        try:
            live.say("one two three", quiet)
        except ModelError as error:
            said_so = str(error)
    assert said_so.startswith("the context of 120 tokens is full (")
    assert "\n" not in said_so and "/memory last:" in said_so and "/retry" in said_so
    fewer = said_so.split("/memory ")[1].split()[0]
    desk = talk(memory=fewer)
    live.memory = desk.talk.memory
    assert live.again(quiet)


def test_what_is_too_long_by_itself_is_told(talk: Talk, speaking: SpeakingBackend):
    speaking.manner.context = 60
    with pytest.raises(ModelError, match=r"too long for the context of 60: say it shorter"):
        talk(max_tokens=20).talk.say(" ".join(["word"] * 60), quiet)


def test_a_summary_that_begins_late_is_made_in_parts(talk: Talk, speaking: SpeakingBackend):
    speaking.manner.context = 190
    desk = talk(persona="mira", memory="none", max_tokens=12)
    live = desk.talk
    for number in range(8):
        live.say(f"Now comes number {number}, and some more words.", quiet)
    desk.take_memory("summary:16+last:1")
    sent = len(model_of(live).heard)
    reply = live.say("Well?", quiet)
    parts: list[Request] = model_of(live).heard[sent:-1]
    assert len(parts) > 1
    assert all(part.encoded.tokens + 16 <= 190 for part in parts)
    assert live.covered == 7 and reply and reply.summary and reply.memory_tokens > 0


def test_waking_reads_a_prompt_and_says_nothing_of_it(talk: Talk):
    live = talk(persona="mira").talk
    live.wake()
    (request,) = model_of(live).heard
    assert (request.sampling.max_tokens, request.session, live.turns) == (1, "chat", [])

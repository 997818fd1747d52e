from __future__ import annotations

import pytest

from promptbench.chat.command import COMMANDS, obey
from promptbench.chat.desk import Desk
from promptbench.error import InputError
from tests.chat.conftest import Talk
from tests.run.chatting import Chat


def told(desk: Desk, line: str) -> str:
    """What a command tells."""
    return obey(desk, line).text


def heard(desk: Desk, *users: str) -> Desk:
    """The desk, after some turns."""
    for user in users:
        assert desk.talk.say(user, lambda piece: None)
    return desk


def test_help_names_every_command(talk: Talk):
    text = told(talk(), "/help")
    assert all(f"/{name} " in text for name in COMMANDS)
    assert max(map(len, text.splitlines())) <= 80


def test_an_unknown_command_is_told_the_nearest(talk: Talk):
    with pytest.raises(InputError) as caught:
        told(talk(), "/memroy all")
    assert caught.value.what == "there is no command '/memroy'"
    assert caught.value.hint.startswith("Did you mean 'memory'? Commands: help, ")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("all", "3 of 3 turns come back: 1 to 3."),
        ("none", "0 of 3 turns come back."),
        ("last:1", "1 of 3 turns comes back: number 3."),
        ("tokens:1", "0 of 3 turns come back. If you say much, fewer do."),
        ("summary:16+last:2", "2 of 3 turns come back: 2 to 3. The others are summed up before"),
        ("similar:2+last:1", "Of 3 turns, what comes back: the newest 1, and of the others the 2"),
    ],
)
def test_memory_is_changed_and_says_what_comes_back(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, form: str, text: str
):
    monkeypatch.setattr("promptbench.run.turn.embedder_there", lambda: True)
    desk = heard(talk(persona="mira"), "one", "two", "three")
    changed = told(desk, f"/memory {form}")
    assert changed.startswith(f"Memory is now {form}. {text}")
    assert told(desk, "/memory") == changed.replace("Memory is now", "Memory", 1)


def test_memory_shows_its_summary(talk: Talk):
    desk = heard(talk(persona="mira", memory="summary:16+last:1"), "one", "two", "three")
    assert desk.talk.summary
    assert told(desk, "/memory").endswith(f"Summary of turn 1: {desk.talk.summary}")


def test_at_the_beginning_memory_says_its_forms(talk: Talk):
    assert told(talk(), "/memory").endswith(
        "Forms: " + "all, none, last:6, tokens:400, summary:60+last:2, similar:3+last:1."
    )


def test_a_memory_that_is_none_changes_nothing(talk: Talk):
    desk = talk()
    with pytest.raises(InputError, match="'lst:2' is no memory"):
        told(desk, "/memory lst:2")
    assert desk.talk.memory.text == "all"


def test_persona_is_changed_and_the_talk_kept(talk: Talk):
    desk = heard(talk(), "one")
    assert told(desk, "/persona") == "Persona none. There are: bo, mira, none."
    assert told(desk, "/persona mira") == "Persona is now mira; what was said is kept."
    assert len(desk.talk.turns) == 1
    assert told(desk, "/persona none") == "Persona is now none; what was said is kept."


def test_the_personas_of_a_suite_are_there_too(talk: Talk, chat: Chat):
    assert "There are: friend, bo, mira, none." in told(talk(suite=chat.suite), "/persona")


def test_undo_says_what_it_took_back(talk: Talk):
    desk = heard(talk(), "one", "two\nand " + "more " * 20)
    assert told(desk, "/undo").startswith('Taken back: turn 2, "two and more more')
    assert len(desk.talk.turns) == 1


def test_retry_is_for_the_loop_and_warns_where_it_is_in_vain(talk: Talk):
    with pytest.raises(InputError, match="nothing was said"):
        obey(talk(), "/retry")
    assert "temperature 0" in obey(heard(talk(), "one"), "/retry").text
    done = obey(heard(talk(temperature=1.0), "one"), "/retry")
    assert (done.text, done.again) == ("", True)


def test_tone_tells_mood_and_rule(talk: Talk, chat: Chat):
    desk = talk()
    assert told(desk, "/tone").startswith("There are no tone rules")
    rules = "tone: [{name: upset, below: -0.1, say: Be calm.}]\nmetrics:"
    chat.edit("suites/talk.yaml", "metrics:", rules)
    desk = talk(suite=chat.suite)
    assert told(desk, "/tone") == "Nothing was said yet."
    text = told(heard(desk, "This is a terrible, awful day."), "/tone")
    assert text.startswith("Your mood: -0.") and '"This is a terrible' in text
    assert text.endswith("Tone rule upset: Be calm. (this persona does not show it)")
    assert told(heard(desk, "What a lovely day!"), "/tone").endswith(
        "No tone rule is for that mood."
    )


def test_quit_ends_the_talk(talk: Talk):
    assert obey(talk(), "/quit").over

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from promptbench.chat.command import obey
from promptbench.chat.desk import Desk
from promptbench.error import InputError, StoreError, SuiteError
from promptbench.model.protocol import quiet
from promptbench.run.check import check_suite
from promptbench.run.option import Options
from promptbench.run.plan import make_plan
from promptbench.suite.read import read_suite
from tests.chat.conftest import Talk
from tests.run.chatting import Chat


def heard(desk: Desk, *users: str) -> Desk:
    """The desk, after some turns."""
    for user in users:
        assert desk.talk.say(user, lambda piece: None)
    return desk


def save(desk: Desk, name: str = "") -> str:
    """What saving tells."""
    return obey(desk, f"/save {name}").text


def rows(chat: Chat, name: str = "talks") -> list[dict[str, Any]]:
    """The rows of a suite's talks."""
    path = chat.folder / "suites" / name / "talks.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("persona", ["none", "mira", "prompts/chat/bo.j2"])
def test_a_saved_talk_is_a_case_of_a_valid_suite(chat: Chat, talk: Talk, persona: str):
    desk = heard(talk(persona=persona, memory="last:1"), "Hello", 'Say "ä" \\ {{ x }}\nplease')
    text = save(desk)
    assert text.splitlines()[-1] == "promptbench run suites/talks.yaml"
    (row,) = rows(chat)
    past = desk.talk.past
    assert row["turns"] == [{"user": one.user, "assistant": one.reply} for one in past]
    path = Path("suites/talks.yaml")
    assert not check_suite(path, (), quiet).warnings
    plan = make_plan(read_suite(path), Options())
    (case,), (ready,) = plan.cases, plan.ready
    assert case.references == (past[-1].reply,)
    assert [turn.get("assistant") for turn in case.variables["script"]] == [past[0].reply, None]
    assert (ready.candidate.memory, ready.candidate.model) == ("last:1", "speaks:a")
    assert ready.template.prompt.digest == desk.talk.persona.template.prompt.digest
    assert ready.candidate.sampling.canonical() == desk.talk.sampling.canonical()
    assert [info.name for info in plan.infos] == ["rougeL", "words"]


def test_further_talks_are_appended_and_the_suite_stays(chat: Chat, talk: Talk):
    save(heard(talk(), "Hello"))
    suite = chat.folder / "suites" / "talks.yaml"
    suite.write_text(suite.read_text() + "# mine\n")
    before = suite.read_bytes()
    text = save(heard(talk(), "Hello", "Bye"))
    assert "suites/talks.yaml stays as it is" in text
    assert suite.read_bytes() == before
    assert [len(row["turns"]) for row in rows(chat)] == [1, 2]
    assert len({row["id"] for row in rows(chat)}) == 2
    check_suite(Path("suites/talks.yaml"), (), quiet)


def test_the_same_talk_is_there_once(chat: Chat, talk: Talk):
    save(heard(talk(), "Hello"))
    assert "was saved before" in save(heard(talk(), "Hello"))
    assert len(rows(chat)) == 1


def test_a_file_that_lacks_its_last_line_end_is_not_broken(chat: Chat, talk: Talk):
    chat.write("suites/mine/talks.jsonl", '{"id": "a", "turns": ["Hello"]}')
    save(heard(talk(), "Hello"), "mine")
    first, second = rows(chat, "mine")
    assert first["id"] == "a" and second["turns"][0]["user"] == "Hello"


def test_rules_and_settings_come_along(chat: Chat, talk: Talk):
    rules = """tone:
  - {name: upset, below: -0.3, say: "Be calm: \\"yes\\" # no", expect: {words_at_most: 9}}
  - {name: other, expect: {says: ["yes", "012", "été"]}}
metrics:"""
    chat.edit("suites/talk.yaml", "metrics:", rules)
    wish = {"suite": chat.suite, "temperature": 0.7, "seed": 5, "persona": "mira"}
    desk = heard(talk(**wish), "Hello")
    save(desk, "toned")
    suite = read_suite(Path("suites/toned.yaml"))
    assert suite.chat and suite.chat.rules == tuple(desk.talk.rules)
    assert suite.samplings[""] == desk.talk.sampling


@pytest.mark.parametrize("name", ["../up", "a/b", "a b", ".hidden", "x" * 65, "prompts", "Suites"])
def test_a_name_is_a_name(chat: Chat, talk: Talk, name: str):
    with pytest.raises(InputError):
        save(heard(talk(), "Hello"), name)
    assert not (chat.folder / "suites" / "talks.yaml").exists()
    assert sorted(path.name for path in (chat.folder / "suites").iterdir()) == [
        "talk",
        "talk.yaml",
    ]


def test_nothing_is_saved_of_nothing(chat: Chat, talk: Talk):
    with pytest.raises(InputError, match="nothing was said yet"):
        save(talk())


def test_a_suite_of_something_else_is_left_alone(chat: Chat, talk: Talk):
    with pytest.raises(SuiteError, match="does not read talks from talk/"):
        save(heard(talk(), "Hello"), "talk")
    assert not (chat.folder / "suites" / "talk" / "talks.jsonl").exists()


def test_a_built_in_persona_is_not_written_over_another(chat: Chat, talk: Talk):
    path = chat.write("suites/talks/plain.j2", "{{ user }}")
    with pytest.raises(InputError, match="in the way"):
        save(heard(talk(), "Hello"))
    assert path.read_text() == "{{ user }}"
    assert not (chat.folder / "suites" / "talks.yaml").exists()


def test_a_persona_from_elsewhere_cannot_be_named_by_a_suite(chat: Chat, talk: Talk):
    path = chat.folder.parent / "zoe.j2"
    path.write_text("{{ user }}")
    with pytest.raises(InputError, match="outside of the workspace"):
        save(heard(talk(persona=str(path)), "Hello"))


def test_a_link_leads_nowhere_else(chat: Chat, talk: Talk):
    outside = chat.folder.parent / "outside"
    outside.mkdir()
    (chat.folder / "suites" / "talks").symlink_to(outside)
    with pytest.raises(SuiteError, match="out of the workspace"):
        save(heard(talk(), "Hello"))
    assert list(outside.iterdir()) == []


def test_half_a_row_is_taken_back(chat: Chat, talk: Talk, monkeypatch: pytest.MonkeyPatch):
    save(heard(talk(), "Hello"))
    before = (chat.folder / "suites" / "talks" / "talks.jsonl").read_bytes()
    write = os.write
    monkeypatch.setattr("os.write", lambda handle, content: write(handle, content[:9]))
    with pytest.raises(StoreError, match="cannot be saved: no room"):
        save(heard(talk(), "Bye"))
    monkeypatch.undo()
    assert (chat.folder / "suites" / "talks" / "talks.jsonl").read_bytes() == before


def test_a_disk_that_refuses_is_told(chat: Chat, talk: Talk, monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.write", refused)
    with pytest.raises(StoreError, match="No space left"):
        save(heard(talk(), "Hello"))

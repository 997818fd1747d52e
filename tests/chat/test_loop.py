from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from promptbench.chat.loop import UNSAID, run
from promptbench.chat.voice import Brake, Stopped
from promptbench.error import PromptbenchError
from tests.chat.conftest import Talk
from tests.chat.speaking import SpeakingBackend


@dataclass
class Sheet:
    """A screen whose lines are given, and that writes down what it shows."""

    lines: list[str]
    live: bool = False
    press: int | None = None
    shown: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The first line is next."""
        self.rest: Iterator[str] = iter(self.lines)

    def read(self) -> str | None:
        """See Screen."""
        return next(self.rest, None)

    def piece(self, text: str) -> None:
        """Press Ctrl-C after so many pieces."""
        self.shown.append(("piece", text))
        if self.press == sum(kind == "piece" for kind, _ in self.shown):
            os.kill(os.getpid(), signal.SIGINT)

    def end(self) -> None:
        """See Screen."""

    def tell(self, text: str) -> None:
        """See Screen."""
        self.shown.append(("tell", text))

    def note(self, text: str) -> None:
        """See Screen."""
        self.shown.append(("note", text))

    def fail(self, error: PromptbenchError) -> None:
        """See Screen."""
        self.shown.append(("fail", str(error)))

    def of(self, kind: str) -> list[str]:
        """All that was shown of a kind."""
        return [text for one, text in self.shown if one == kind]


def test_lines_are_turns_and_blank_ones_are_none(talk: Talk):
    desk = talk()
    assert run(desk, Sheet(["one", "", "  ", "//two", "/three\nis said", " /four "])) == 0
    assert [each.user for each in desk.talk.past] == ["one", "/two", "/three\nis said", " /four "]


def test_quit_leaves_the_rest_unread(talk: Talk):
    desk = talk()
    run(desk, Sheet(["one", "/quit", "two"]))
    assert len(desk.talk.turns) == 1


def test_without_a_person_the_first_mistake_is_the_exit_code(talk: Talk, fake: object):
    desk = talk()
    sheet = Sheet(["/foo", "one", "/undo", "/undo"])
    assert run(desk, sheet) == 2
    assert len(sheet.of("fail")) == 2
    assert run(talk(), Sheet(["/foo"], live=True)) == 0


def test_a_person_is_greeted_and_told_what_a_turn_took(talk: Talk):
    sheet = Sheet(["one", "two"], live=True)
    assert run(talk(memory="last:1"), sheet) == 0
    assert sheet.of("tell") == ["speaks:a · no persona · memory last:1"]
    last = sheet.of("note")[-1]
    assert "tokens read · " in last and last.endswith("1 of 1 turn kept")


def test_mood_and_rule_are_told_where_there_are_rules(talk: Talk, chat: object):
    chat.edit("suites/talk.yaml", "metrics:", "tone: [{name: any, say: Hm.}]\nmetrics:")  # type: ignore[attr-defined]
    sheet = Sheet(["What a lovely day!"], live=True)
    run(talk(suite=chat.suite), sheet)  # type: ignore[attr-defined]
    assert sheet.of("note")[-1].endswith(", any")
    assert "mood +0." in sheet.of("note")[-1]


def test_ctrl_c_stops_a_reply_and_the_talk_goes_on(talk: Talk, speaking: SpeakingBackend):
    speaking.manner.says = "one two three four five"
    desk = talk()
    sheet = Sheet(["Count!", "/retry"], live=True, press=2)
    assert run(desk, sheet) == 0
    assert "".join(sheet.of("piece")) == "one two" + "one two three four five"
    assert [text for text in sheet.of("note") if text.startswith("stopped, kept so far")]
    assert desk.talk.past[0].reply == "one two three four five"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_model_without_a_word_leaves_no_turn(talk: Talk, speaking: SpeakingBackend):
    speaking.manner.says = ""
    sheet = Sheet(["Hello"], live=True)
    run(talk(), sheet)
    assert sheet.of("note")[-1] == UNSAID


def test_without_a_person_ctrl_c_ends_all(talk: Talk):
    with pytest.raises(KeyboardInterrupt) as caught:
        run(talk(), Sheet(["one", "two"], press=1))
    assert not isinstance(caught.value, Stopped)


def test_a_second_ctrl_c_does_not_wait():
    with Brake(gentle=True) as brake:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Stopped):
            brake.heed()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    with Brake(gentle=False), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)

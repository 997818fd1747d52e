"""`promptbench chat`: through a pipe, and at a terminal that is a real one."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ask
from tests.cli.test_main import SLOWEST, imported
from tests.run.workspace import Workspace

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "chat" / "speaking.py"
HARMFUL = "\x1b[2J\x1b]0;title\x07ok\u202e \x9b31m"
HARMLESS = "[U+001B][2J[U+001B]]0;title[U+0007]ok[U+202E] [U+009B]31m"
PROMPT = "> "


def environment(manner: dict[str, Any]) -> dict[str, str]:
    """What the program needs."""
    own = {"SPEAKING": json.dumps(manner), "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    return {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "NO_COLOR")} | own


def piped(workspace: Workspace, said: bytes, **manner: Any) -> tuple[int, str, str]:
    """Say all of it through a pipe: exit code, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "chat", "--model", "speaks:a"],
        input=said,
        capture_output=True,
        cwd=workspace.folder,
        env=environment(manner),
        timeout=60,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@dataclass
class Seat:
    """A terminal with the program in it. `shown` is all that it has written."""

    process: subprocess.Popen[bytes]
    terminal: int
    inner: int
    shown: str = ""

    def until(self, text: str, seconds: float = 60) -> str:
        """Wait for a text; gives all that came up to then, and not before."""
        start, end = len(self.shown), time.monotonic() + seconds
        while text not in self.shown[start:]:
            assert time.monotonic() < end, f"no {text!r} in {self.shown!r}"
            ready, _, _ = select.select([self.terminal], [], [], 0.1)
            if ready:
                self.shown += os.read(self.terminal, 65536).decode(errors="replace")
        return self.shown[start:]

    def type(self, text: str) -> None:
        """Type it."""
        os.write(self.terminal, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C until the program ends.

        CPython loses one that comes between the prompt and its waiting for a key.
        """
        for _ in range(20):
            self.type("\x03")
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=1)
                return

    def say(self, text: str) -> str:
        """Say a line, and wait for the next prompt."""
        self.type(f"{text}\r")
        return self.until(PROMPT, 60)


@contextmanager
def seat(workspace: Workspace, *arguments: str, **manner: Any) -> Iterator[Seat]:
    """Sit down before a terminal, and see that it is as it was when the program has ended."""
    terminal, inner = pty.openpty()
    before = termios.tcgetattr(inner)
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), "chat", "--model", "speaks:a", *arguments],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        cwd=workspace.folder,
        env=environment(manner),
        preexec_fn=lambda: take_over(inner),
    ) as process:
        try:
            yield Seat(process, terminal, inner)
            assert process.wait(timeout=30) == 0
            assert termios.tcgetattr(inner) == before
        finally:
            process.kill()
            os.close(terminal)
            os.close(inner)


def take_over(inner: int) -> None:
    """Make the terminal the process's own, so that Ctrl-C reaches it."""
    import fcntl

    os.setsid()
    fcntl.ioctl(inner, termios.TIOCSCTTY, 0)


def test_each_line_of_a_pipe_is_a_turn(workspace: Workspace):
    said = b"Hello\n/memory last:1\ngo \\\non\n\n//x"
    code, out, err = piped(workspace, said, says="one two")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "one two",
        "Memory is now last:1. 1 of 1 turn comes back: number 1.",
        "one two",
        "one two",
    ]


def test_a_mistake_in_a_pipe_is_told_and_the_talk_goes_on(workspace: Workspace):
    code, out, err = piped(workspace, b"/memroy\nHello\n", says="one two")
    assert (code, out) == (2, "one two\n")
    assert err.startswith("error: there is no command '/memroy'\n  Did you mean 'memory'?")


def test_what_is_not_utf8_is_bad_input(workspace: Workspace):
    code, out, err = piped(workspace, b"Caf\xe9\n")
    assert (code, out) == (2, "")
    assert err == "error: stdin: what is said is not UTF-8 after 'Caf'\n  Say it in UTF-8.\n"


def test_what_a_model_says_is_shown_and_not_obeyed(workspace: Workspace):
    _, out, _ = piped(workspace, b"Hello\n", says=HARMFUL)
    assert out == f"{HARMLESS}\n"
    with seat(workspace, says=HARMFUL) as at:
        at.until(PROMPT)
        shown = at.say("Hello")
        at.type("\x04")
    assert f"{HARMLESS}\r\n" in shown
    assert "\x1b[2J" not in shown and "\x07" not in shown


def test_a_person_is_told_who_speaks_and_what_it_took(workspace: Workspace):
    with seat(workspace, "--memory", "last:1", says="one two") as at:
        greeting = at.until(PROMPT)
        assert "speaks:a · no persona · memory last:1" in greeting
        assert "/help" in greeting
        first, second = at.say("Hello"), at.say("Again")
        at.type("/quit\r")
    assert re.search(r"one two\r\n\x1b\[2m\d+ tokens read · 2 written \(4/s\)\x1b", first)
    assert "1 of 1 turn kept" in second


def test_ctrl_c_stops_a_reply_and_at_the_prompt_ends(workspace: Workspace):
    words = " ".join(f"word{number}" for number in range(200))
    with seat(workspace, says=words, delay=0.05) as at:
        at.until(PROMPT)
        at.type("Count!\r")
        at.until("word3")
        at.type("\x03")
        shown = at.until(PROMPT)
        assert "stopped, kept so far" in shown
        assert "word150" not in at.shown
        assert "1 of 1 turn comes back: number 1." in at.say("/memory")
        at.interrupt()
    assert "Traceback" not in at.shown and "KeyboardInterrupt" not in at.shown


def test_ctrl_c_while_the_model_is_loaded_ends_too(workspace: Workspace):
    with seat(workspace, says="one", delay=30) as at:
        at.until("Loading speaks:a ...")
        time.sleep(0.5)
        at.type("\x03")
    assert "Traceback" not in at.shown


def test_long_lines_break_between_words(workspace: Workspace):
    words = " ".join(["abcdefghij"] * 30)
    with seat(workspace, says=words) as at:
        at.until(PROMPT)
        shown = at.say("Hello")
        at.type("\x04")
    lines = re.sub(r"\x1b\[\?2004[hl]", "", shown).splitlines()
    lines = [line for line in lines if "abcdefghij" in line]
    assert len(lines) > 3
    assert {word for line in lines for word in line.split()} == {"abcdefghij"}


def test_what_is_pasted_is_one_turn_as_it_is(workspace: Workspace):
    with seat(workspace, says="yes") as at:
        at.until(PROMPT)
        at.type("\x1b[200~/first\nsecond \\\x1b[201~, not\\\r")
        at.until("h. ")
        at.say("third")
        at.say("/save")
        at.type("\x04")
    (row,) = (workspace.folder / "suites/talks/talks.jsonl").read_text().splitlines()
    assert json.loads(row)["turns"][0]["user"] == "/first\nsecond \\, not\nthird"


def test_a_bad_wish_is_bad_input_before_a_word(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("Hello\n"))
    for wish, told in (
        (["--memory", "lst:2"], "error: --memory: 'lst:2' is no memory\n"),
        (["--persona", "mira"], "error: there is no persona 'mira' in prompts/chat\n"),
        (["--model", "smolm2"], "error: unknown model 'smolm2'\n"),
        (["--suite", "suites/mail.yaml"], "error: suites/mail.yaml: promptbench chat takes"),
    ):
        reply = ask("chat", "--model", "fake:a", *wish)
        assert (reply.code, reply.out) == (2, "")
        assert reply.err.startswith(told)


def test_in_this_process_too(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("Hello\n/undo\n"))
    reply = ask("chat", "--model", "fake:a")
    assert (reply.code, reply.err) == (0, "")
    assert reply.out.endswith('Taken back: turn 1, "Hello"\n')


def test_help_waits_for_no_heavy_import():
    assert imported("chat", "--help") & SLOWEST == set()

"""`promptbench chat` for real: a talk through a pipe, saved, validated and run as a suite."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from promptbench.chat.begin import Wish, begin
from promptbench.chat.voice import Stopped
from promptbench.model.local.convert import is_ready
from promptbench.model.protocol import Speaker, quiet
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_ready(EMBEDDED["smollm2"], cache_folder()),
        reason="the embedded model is not installed: promptbench models pull smollm2",
    ),
]

SAID = """\
My name is Ada.
/memory
What is my name?
/undo
/memory last:1
Please spell \\
my name.
/save
/quit
This is never said.
"""


def command(folder: Path, *arguments: str, said: str = "") -> list[str]:
    """Run a command that ends well: the lines that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "promptbench", *arguments],
        input=said,
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_what_was_said_can_be_run_again(tmp_path: Path):
    (tmp_path / "prompts" / "chat").mkdir(parents=True)
    persona = (
        "{% block system %}You are Mira.{% endblock %}{% block user %}{{ user }}{% endblock %}"
    )
    (tmp_path / "prompts" / "chat" / "mira.j2").write_text(persona)
    wish = ("--persona", "mira", "--temperature", "0", "--max-tokens", "12")
    lines = command(tmp_path, "chat", *wish, said=SAID)
    assert "Memory all. 1 of 1 turn comes back: number 1." in lines
    assert 'Taken back: turn 2, "What is my name?"' in lines
    assert "Memory is now last:1. 1 of 1 turn comes back: number 1." in lines
    assert lines[-1] == "promptbench run suites/talks.yaml"
    (row,) = (tmp_path / "suites" / "talks" / "talks.jsonl").read_text().splitlines()
    turns = json.loads(row)["turns"]
    assert [turn["user"] for turn in turns] == ["My name is Ada.", "Please spell \nmy name."]
    assert all(turn["assistant"] and turn["assistant"] in "\n".join(lines) for turn in turns)
    assert command(tmp_path, "validate", "suites/talks.yaml")[-1].endswith("is valid")
    (told,) = command(tmp_path, "run", "suites/talks.yaml", "--json")
    found = json.loads(told)
    assert (found["generated"], found["errors"]) == (1, 0)
    # The saved suite sends the very prompt of the talk, so the reply is what was heard.
    command(tmp_path, "export", found["run"], "--format", "jsonl")
    output = json.loads((tmp_path / f"{found['run']}.jsonl").read_text())
    assert output["output"] == turns[-1]["assistant"]


def test_a_stopped_reply_leaves_the_model_as_it_was(tmp_path: Path):
    wish = Wish(tmp_path, temperature=0.0, max_tokens=24)
    desk = begin(wish, quiet)
    assert isinstance(desk.talk.model, Speaker)
    heard: list[str] = []

    def enough(piece: str) -> None:
        if len(heard) == 4 and piece:
            raise Stopped
        heard.extend([piece] if piece else [])

    cut = desk.talk.say("Name five rivers of Europe.", enough)
    assert cut and (cut.ending, cut.text) == ("stopped", "".join(heard).strip())
    engine = desk.talk.model.engine  # type: ignore[attr-defined]
    whole = desk.talk.again(heard.append)
    assert whole and whole.text.startswith(cut.text)
    assert desk.talk.model.engine is engine  # type: ignore[attr-defined]
    afresh = begin(wish, quiet).talk.say("Name five rivers of Europe.", lambda piece: None)
    assert afresh and afresh.text == whole.text

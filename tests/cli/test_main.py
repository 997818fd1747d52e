from __future__ import annotations

import importlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from promptbench import __version__
from promptbench.cli.main import VERBS, main, outcome
from promptbench.error import PromptbenchError, RunError, StoreError, SuiteError
from tests.cli.conftest import Ask
from tests.run.workspace import Workspace

SLOWEST = {"torch", "transformers", "pandas", "scipy"}
SLOW = SLOWEST | {"rich", "pydantic", "numpy", "sqlite3"}


def imported(*arguments: str) -> set[str]:
    """The top-level packages that a command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "promptbench", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(("Usage", "promptbench"))
    return {name.split(".")[0] for name in re.findall(r"\| +([\w.]+)$", done.stderr, re.M)}


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [(["--help"], SLOW), (["--version"], SLOW), (["run", "--help"], SLOWEST)],
)
def test_help_waits_for_no_heavy_import(arguments: list[str], unwanted: set[str]):
    found = imported(*arguments)
    assert "click" in found
    assert found & unwanted == set()


def test_help_lists_every_verb(ask: Ask):
    reply = ask("--help")
    assert reply.code == 0
    for verb, purpose in VERBS.items():
        assert re.search(rf"^  {verb} +{re.escape(purpose[:20])}", reply.out, re.M), verb


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_a_command_with_help(ask: Ask, verb: str):
    assert isinstance(
        importlib.import_module(f"promptbench.cli.{verb.replace('-', '_')}").command, click.Command
    )
    reply = ask(verb, "--help")
    assert reply.code == 0
    assert reply.out.startswith(f"Usage: promptbench {verb}")


def test_the_version_is_told(ask: Ask):
    assert ask("--version").out.strip().endswith(__version__)


def test_python_m_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "promptbench", "--version"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip().split()[-1]) == (0, __version__)


def test_who_looks_for_a_server_is_told_whose_it_is(ask: Ask):
    reply = ask("serve", "checkpoints/mine")
    assert (reply.code, reply.out) == (2, "")
    assert "`transformers serve FOLDER`" in reply.err
    assert "docs/serving.md" in reply.err


def test_an_unknown_verb_is_bad_input_with_the_nearest(ask: Ask):
    reply = ask("rnu", "suites/mail.yaml")
    assert (reply.code, reply.out) == (2, "")
    assert "there is no verb 'rnu'" in reply.err
    assert "Did you mean 'run'?" in reply.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "suites/mail.yaml", "--limit", "0"],
        ["run", "suites/mail.yaml", "--limit", "two"],
        ["run", "suites/mail.yaml", "--repeats", "-1"],
        ["run", "suites/mail.yaml", "--seed", "-1"],
        ["run", "suites/mail.yaml", "--unknown"],
        ["render", "suites/mail.yaml", "--prompt", "plain"],
        ["export", "mail-1", "--format", "xml"],
        ["split", "data.jsonl"],
        ["--unknown"],
    ],
)
def test_wrong_usage_is_bad_input_and_says_where_help_is(ask: Ask, arguments: list[str]):
    reply = ask(*arguments)
    assert (reply.code, reply.out) == (2, "")
    assert "--help" in reply.err
    assert "Traceback" not in reply.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SuiteError("the suite is wrong", where="mail.yaml:3", hint="Mend it."), 2),
        (StoreError("the store is wrong", where="store", hint="Mend it."), 3),
        (RunError("the run broke", where="model", hint="Mend it."), 3),
    ],
)
def test_an_error_is_a_message_with_its_place_and_a_way_out_and_no_traceback(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, error: PromptbenchError, code: int
):
    monkeypatch.setattr("promptbench.run.job.run_suite", raiser(error))
    reply = ask("run", "suites/mail.yaml")
    assert (reply.code, reply.out) == (code, "")
    assert f"error: {error.where}: {error.what}\n  Mend it." in reply.err
    assert "Traceback" not in reply.err


def raiser(error: BaseException) -> object:
    def raising(*_: object) -> None:
        raise error

    return raising


def test_control_characters_of_an_error_are_shown_and_not_obeyed(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
):
    error = SuiteError("a \x1b[2J\x1b]0;title\x07 and \u202e \r name")
    monkeypatch.setattr("promptbench.run.job.run_suite", raiser(error))
    told = ask("run", "suites/mail.yaml").err
    assert not set("\x1b\x07\u202e\r") & set(told)
    assert "[U+001B][2J" in told


def test_an_interruption_is_130(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("promptbench.run.job.run_suite", raiser(KeyboardInterrupt()))
    reply = ask("run", "suites/mail.yaml")
    assert reply.code == 130
    assert "The same command continues." in reply.err
    assert "Traceback" not in reply.err


def test_main_exits_with_the_code_of_the_outcome(monkeypatch: pytest.MonkeyPatch):
    for arguments in (["--version"], ["rnu"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == outcome(arguments)


def test_a_reader_that_goes_away_is_no_error(workspace: Workspace):
    process = subprocess.run(
        f"{sys.executable} -m promptbench schema | head -c 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        cwd=workspace.folder,
    )
    assert (process.returncode, process.stdout, process.stderr) == (0, "{", "")


def test_ctrl_c_stops_a_run_and_the_same_command_continues(workspace: Workspace):
    command = ("run", "suites/mail.yaml", "--json")
    with workspace.start(*command, delay=0.2, batch=1) as process:
        assert process.stderr
        for line in process.stderr:
            if "12 to generate" in line:
                break
        wait_for_output(workspace)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, ""), err
    assert re.search(
        r"\d+ of 12 outputs of this sitting are stored. The same command continues", err
    )
    assert "Traceback" not in err
    with workspace.store() as store:
        (line,) = store.runs()
    assert line.status == "interrupted"
    assert 1 <= line.done < 12
    with workspace.start(*command) as process:
        out, err = process.communicate()
    assert process.returncode == 0
    assert f'"generated": {12 - line.done}, "reused": {line.done}' in out


def wait_for_output(workspace: Workspace) -> None:
    """Until the first output is in the store."""
    while True:
        with workspace.store() as store:
            if store.runs()[0].done:
                return


def test_the_terminal_gets_its_colours_and_a_pipe_none(workspace: Workspace, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "promptbench", "models"],
        capture_output=True,
        text=True,
        cwd=workspace.folder,
        env={k: v for k, v in os.environ.items() if k != "FORCE_COLOR"},
    )
    assert "smollm2" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr

"""Signals, closed terminals and readers that have gone: a clean stop, or none at all."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from promptbench.cli.main import outcome
from promptbench.cli.stop import Ended, listening
from promptbench.error import EXIT_GATE_FAILED, EXIT_OK
from promptbench.record import Completion
from tests.crash.killed import sound, stored
from tests.fake import FakeBackend
from tests.run.workspace import PROGRAM, Notes, Workspace, email, write_workspace

COMMAND = ("run", "suites/mail.yaml", "--json")
SLOW = {"delay": 0.1, "batch": 1}
CELLS = 12


@pytest.fixture
def place(tmp_path: Path, fake: FakeBackend) -> Workspace:
    """A workspace with a run of twelve cells before it."""
    return write_workspace(tmp_path / "workspace")


def wait_for(workspace: Workspace, outputs: int = 2) -> None:
    """Until so many outputs are stored."""
    end = time.monotonic() + 60
    while stored(workspace.folder) < outputs:
        assert time.monotonic() < end
        time.sleep(0.01)


def status(workspace: Workspace) -> tuple[str, int]:
    sound(workspace.folder)
    with workspace.store() as store:
        (line,) = store.runs()
    return line.status, line.done


def goes_on(workspace: Workspace) -> None:
    """The same run generates what is left, and no more."""
    before = stored(workspace.folder)
    result = workspace.run()
    assert (result.generated, result.reused) == (CELLS - before, before)
    assert status(workspace) == ("complete", CELLS)


class Ending(Notes):
    """A watcher that sends this process a signal, twice, once something is stored."""

    def generated(self, batch: list[Completion]) -> None:
        super().generated(batch)
        for _ in range(2):  # a shell and the kernel may both send one
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_ends_a_run_after_the_batch_that_is_stored(place: Workspace):
    with pytest.raises(Ended) as caught, listening():
        place.run(Ending())
    assert caught.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert status(place) == ("interrupted", 3)
    goes_on(place)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_a_run_as_ctrl_c_does(place: Workspace, number: signal.Signals):
    with place.start(*COMMAND, **SLOW) as process:
        wait_for(place)
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, out) == (128 + number, ""), err
    assert "outputs of this sitting are stored. The same command continues." in err
    assert err.endswith(f"error: ended by {number.name}\n")
    assert "Traceback" not in err
    state, done = status(place)
    assert state == "interrupted" and 2 <= done < CELLS
    goes_on(place)


def test_a_terminal_that_is_closed_stops_a_run_cleanly(place: Workspace):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), *COMMAND],
        cwd=place.folder,
        env=os.environ | {"FAKE_MODEL": json.dumps(SLOW)},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=lambda: os.login_tty(0),
    )
    os.close(slave)
    wait_for(place)
    os.close(master)
    assert process.wait(60) == 128 + signal.SIGHUP
    state, done = status(place)
    assert state == "interrupted" and 2 <= done < CELLS
    goes_on(place)


@pytest.mark.long
def test_a_run_under_nohup_does_not_hear_that_the_terminal_closes(place: Workspace):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = place.start(*COMMAND, **SLOW)
    finally:
        signal.signal(signal.SIGHUP, before)
    with process:
        wait_for(place)
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate()
    assert process.returncode == 0, err
    assert status(place) == ("complete", CELLS)


def closed_pipe() -> int:
    """The end to write to of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def unread(workspace: Workspace, *arguments: str, err: int | None = None) -> tuple[int, str]:
    """A command's exit code and stderr, its output's reader gone before the first word."""
    nobody = closed_pipe()
    process = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        cwd=workspace.folder,
        env=os.environ | {"FAKE_MODEL": "{}"},
        stdout=nobody,
        stderr=subprocess.PIPE if err is None else nobody,
        text=True,
    )
    os.close(nobody)
    return process.returncode, process.stderr or ""


def unheard(workspace: Workspace, *arguments: str) -> int:
    """A command's exit code in this process, its output's reader gone before the first word."""
    with (
        io.TextIOWrapper(io.FileIO(closed_pipe(), "w"), write_through=True) as stream,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "stdout", stream)
        patch.chdir(workspace.folder)
        with pytest.raises(BrokenPipeError):
            stream.write("anything")
        return outcome([*arguments])


GATED = "metrics:\n  - rougeL\n  - words: {max: 8}\ngates:\n  - rougeL >= 0.99\n"


def gated(workspace: Workspace) -> tuple[str, ...]:
    """A run that fails at its gate, and says so in a file."""
    workspace.many(*map(email, range(40)))
    workspace.edit("suites/mail.yaml", "metrics:\n  - rougeL\n  - words: {max: 8}\n", GATED)
    return ("run", "suites/mail.yaml", "--junit", "gates.xml")


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_run_whose_reader_has_gone_still_fails_at_its_gate(place: Workspace, more: list[str]):
    assert unheard(place, *gated(place), *more) == EXIT_GATE_FAILED
    assert '<failure message="' in (place.folder / "gates.xml").read_text(encoding="utf-8")


@pytest.mark.long
def test_a_run_fails_at_its_gate_and_its_process_says_no_more(place: Workspace):
    code, err = unread(place, *gated(place))
    assert code == EXIT_GATE_FAILED
    assert err.endswith("Writing the report ...\n")


@pytest.mark.long
def test_a_run_goes_on_though_nobody_hears_of_its_progress(place: Workspace):
    assert unread(place, "run", "suites/mail.yaml", err=-1) == (0, "")
    assert status(place) == ("complete", CELLS)


def arguments(workspace: Workspace, verb: str) -> list[str]:
    run = workspace.run().run_id
    more = {"runs": [], "models": [], "compare": [f"{run}:plain", f"{run}:brief"]}
    return [verb, *more.get(verb, [run])]


VERBS = ["runs", "report", "export", "models", "compare"]


@pytest.mark.parametrize("verb", VERBS[:2])
def test_a_reader_that_takes_one_line_and_goes_is_no_error(place: Workspace, verb: str):
    assert unheard(place, *arguments(place, verb)) == EXIT_OK


@pytest.mark.long
@pytest.mark.parametrize("verb", VERBS)
def test_a_process_whose_reader_goes_says_nothing_and_ends_well(place: Workspace, verb: str):
    assert unread(place, *arguments(place, verb)) == (0, "")

"""The server of a comparison: where it listens, when it is up, and that it never stays behind."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from promptbench.backends.backend import Backend
from promptbench.backends.memory import peak_memory
from promptbench.backends.server import free_port, serving, settings, wait_for
from promptbench.error import RunError

ROOT = Path(__file__).parents[2]


def test_a_port_that_is_taken_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        assert free_port(port) > port


def test_where_no_port_is_free_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("promptbench.backends.server.TRIED", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(RunError, match="no port from") as caught:
            free_port(int(taken.getsockname()[1]))
    assert "--port N" in caught.value.hint


def test_the_context_holds_the_longest_prompt_and_more():
    backend = Backend("server", "", "Q4_1", "model.gguf", "abc")
    for need in (1, 255, 256, 300):
        line = settings(backend, need, 8000)
        size = int(line[line.index("--n_ctx") + 1])
        assert size > need and size % 256 == 0
    assert line[line.index("--model_alias") + 1] == "abc"
    assert line[line.index("--host") + 1] == "127.0.0.1"


def test_a_server_that_ends_says_its_last_words(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("loading\nno such file\n", encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
        with pytest.raises(RunError, match="did not come up: no such file"):
            wait_for(process, 1, log)


def test_a_file_that_is_none_is_no_server(tmp_path: Path):
    pytest.importorskip("llama_cpp")
    pytest.importorskip("fastapi")
    (tmp_path / "bad.gguf").write_bytes(b"GGUF")
    backend = Backend("server", "", "", str(tmp_path / "bad.gguf"), "bad")
    with pytest.raises(RunError, match="did not come up"), serving(backend, 64, 30_000, False):
        pass


def test_a_process_ends_with_the_one_that_started_it(tmp_path: Path):
    """Its stdin closes then, however the other one ends."""
    program = "import sys, time\nprint(sys.argv, __name__, flush=True)\ntime.sleep(600)\n"
    (tmp_path / "sleeper.py").write_text(program, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "promptbench.backends.serve", json.dumps(["sleeper", "--long"])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
    )
    with process:
        assert process.stdout is not None and process.stdin is not None
        said = process.stdout.readline().decode()
        assert "--long" in said and said.endswith("__main__\n")
        process.stdin.close()
        assert process.wait(60) == 1


def test_the_peak_of_memory_stays_when_what_took_it_is_gone():
    if peak_memory(os.getpid()) is None:
        pytest.skip("this system does not tell")
    code = (
        "import os; from promptbench.backends.memory import peak_memory; before ="
        " peak_memory(os.getpid()); held = b'x' * 300_000_000; del held;"
        " print(before, peak_memory(os.getpid()))"
    )
    command = [sys.executable, "-c", code]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    before, after = map(int, said.stdout.split())
    assert after - before == pytest.approx(300_000_000, rel=0.05)


def test_of_a_process_that_is_not_there_nothing_is_told():
    assert peak_memory(2**30) is None

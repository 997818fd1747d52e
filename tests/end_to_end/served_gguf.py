"""llama-cpp-python's own server of smollm2's GGUF, as a process on a free port of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.served import Served, free_port, wait_for
from tests.llama import SMOLLM2

pytest.importorskip("fastapi", reason="llama-cpp-python[server] is not installed")

NAME = "smollm2"
CONTEXT = 512


def start(log: Path, port: int | None = None) -> Served:
    """Start the server, on a port that is given or a free one; wait until it answers."""
    found = port or free_port()
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(SMOLLM2)]
    command += ["--model_alias", NAME, "--host", "127.0.0.1", "--port", str(found)]
    command += ["--n_ctx", str(CONTEXT), "--logits_all", "true"]
    command += ["--n_threads", "1", "--n_threads_batch", "1"]
    with log.open("ab") as file:
        process = subprocess.Popen(
            command, env=os.environ, stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    served = Served(found, log, process)
    try:
        wait_for(served, "/v1/models")
    except BaseException:
        served.kill()
        raise
    return served


@contextmanager
def serving(log: Path) -> Iterator[Served]:
    """A server for as long as the block lasts."""
    served = start(log)
    try:
        yield served
    finally:
        served.kill()

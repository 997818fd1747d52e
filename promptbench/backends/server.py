"""llama-cpp-python's server as a process of ours: a file in, an address out, and its end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from promptbench.backends.backend import Backend
from promptbench.error import RunError
from promptbench.model.llama_cpp.reader import threads

HOST = "127.0.0.1"
WAIT = 600.0  # seconds for the weights of a large model
TRIED = 50  # ports, from the one that is wanted on
STEP = 256  # tokens by which a context is rounded up


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers. `started` is when it was, in seconds since 1970."""

    spec: str
    process: int
    started: float


@contextmanager
def serving(backend: Backend, context: int, port: int, wanted: bool) -> Iterator[Served]:
    """A server of a backend's file on this machine alone, until the block ends.

    `context` is in tokens. Where somebody listens at the port, the next free one is taken, unless
    it is `wanted`. Raises RunError if the server does not come up.
    """
    found = port if wanted else free_port(port)
    environment = {"OMP_WAIT_POLICY": "passive"} | os.environ  # as in this process: library.py
    arguments = json.dumps(["llama_cpp.server", *settings(backend, context, found)])
    with TemporaryDirectory() as folder, (Path(folder) / "log").open("w+b") as log:
        started = time.time()
        process = subprocess.Popen(
            [sys.executable, "-m", "promptbench.backends.serve", arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(process, found, Path(log.name))
            spec = f"openai:{backend.alias}@http://{HOST}:{found}/v1"
            yield Served(spec, process.pid, started)
        finally:
            process.kill()
            process.communicate()


def settings(backend: Backend, context: int, port: int) -> list[str]:
    """The server's command line."""
    size = -(-context // STEP) * STEP + STEP
    count = str(threads())
    return [
        *("--model", backend.file, "--model_alias", backend.alias),
        *("--host", HOST, "--port", str(port)),
        *("--n_ctx", str(size), "--n_threads", count, "--n_threads_batch", count),
        *("--verbose", "false"),
    ]


def free_port(wanted: int) -> int:
    """The wanted port, or the next one at which nobody listens. Raises RunError."""
    for port in range(wanted, wanted + TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise RunError(
        f"no port from {wanted} to {wanted + TRIED - 1} is free for the server",
        hint="Name one that is: --port N.",
    )


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until the server answers. Raises RunError with its last words if it ends before."""
    opener = build_opener(ProxyHandler({}))  # no proxy stands between a machine and itself
    end = time.monotonic() + WAIT
    while time.monotonic() < end and process.poll() is None:
        try:
            with opener.open(f"http://{HOST}:{port}/v1/models", timeout=5.0):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise RunError(
        f"llama-cpp-python's server did not come up: {lines[-1] if lines else 'it says nothing'}",
        hint="Is the port free, and is there memory for the model a second time?",
    )

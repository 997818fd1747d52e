"""`transformers serve` as a process of its own on a free port of this machine."""

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
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from promptbench.record import Completion
from tests.run.workspace import Notes

START = 300.0


@dataclass
class Served:
    """A server that is up."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def base(self) -> str:
        """The URL that the API's paths are added to."""
        return f"http://127.0.0.1:{self.port}/v1"

    def spec(self, folder: Path | str, prefix: str = "openai") -> str:
        """A checkpoint's spec behind this server."""
        return f"{prefix}:{folder}@{self.base}"

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()


def start(
    log: Path, pinned: str = "", folder: Path | None = None, port: int | None = None
) -> Served:
    """Start a server, in a folder and on a port (a free one unless given); wait until it is well.

    `pinned` is the checkpoint that it serves; without one it serves any that a request names.
    """
    found = port or free_port()
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve"]
    command += [pinned] if pinned else []
    command += ["--host", "127.0.0.1", "--port", str(found), "--device", "cpu"]
    command += ["--dtype", "float32"]
    # Nothing may be looked up on the hub: a checkpoint is a folder.
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("ab") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    served = Served(found, log, process)
    try:
        assert wait_for(served) == {"status": "ok"}
    except BaseException:
        served.kill()
        raise
    return served


class Killer(Notes):
    """Kills a server as soon as an output of it is stored, after those of this process."""

    def __init__(self, server: Served, first: int) -> None:
        super().__init__()
        self.server, self.first = server, first

    def generated(self, batch: list[Completion]) -> None:
        """See Watcher."""
        super().generated(batch)
        if sum(map(len, self.batches)) > self.first:
            self.server.kill()


@contextmanager
def serving(log: Path) -> Iterator[Served]:
    """A server of any checkpoint, for as long as the block lasts."""
    served = start(log)
    try:
        yield served
    finally:
        served.kill()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(served: Served, path: str = "/health") -> Any:
    """Until the server answers at a path; returns what it says there."""
    end = time.monotonic() + START
    while time.monotonic() < end:
        try:
            with urlopen(f"http://127.0.0.1:{served.port}{path}", timeout=10) as answer:
                return json.load(answer)
        except (URLError, OSError):
            if served.process.poll() is not None:
                break
            time.sleep(0.1)
    raise AssertionError(f"no server: {served.log.read_text(encoding='utf-8')[-3000:]}")

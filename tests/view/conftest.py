"""A viewer on a port of its own, and a client that says exactly what a test wants it to say."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

from promptbench.run.job import store_path
from promptbench.view.access import Access
from promptbench.view.server import Server
from promptbench.view.site import Site
from tests.run.workspace import Workspace, email


@dataclass(frozen=True)
class Reply:
    """What came back; `headers` by their names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass
class Viewer:
    """A server under test. `told` is what it said in the terminal."""

    server: Server
    path: Path
    told: list[str] = field(default_factory=list)

    @property
    def access(self) -> Access:
        """Its port and token."""
        return self.server.access

    @property
    def base(self) -> str:
        """The beginning of its addresses."""
        return f"http://127.0.0.1:{self.access.port}"

    @property
    def url(self) -> str:
        """The address that is printed."""
        return f"{self.base}/?token={self.access.token}"

    def raw(self, request: bytes) -> bytes:
        """Send bytes, and read until the server closes."""
        with socket.create_connection(("127.0.0.1", self.access.port), timeout=20) as client:
            parts: list[bytes] = []
            with suppress(OSError):  # it may hang up before it is asked
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
                parts += iter(lambda: client.recv(2**16), b"")
            return b"".join(parts)

    def ask(
        self,
        target: str = "/",
        *lines: str,
        method: str = "GET",
        host: str | None = "",
        known: bool = True,
        version: str = "HTTP/1.1",
    ) -> Reply:
        """One request: with the cookie if `known`, `host` in place of the right one, more lines."""
        head = [f"{method} {target} {version}".rstrip()]
        if host is not None:
            head.append(f"Host: {host or self.access.hosts[0]}")
        if known:
            head.append(f"Cookie: {self.access.cookie}={self.access.token}")
        text = "\r\n".join([*head, *lines, "", ""])
        return reply(self.raw(text.encode("utf-8", "surrogateescape")))


def reply(raw: bytes) -> Reply:
    """Read an answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in rest)
    return Reply(int(first.split()[1]), {name.lower(): value for name, _, value in pairs}, body)


@contextmanager
def serving(path: Path) -> Iterator[Viewer]:
    """Serve a store, in a thread, on a free port."""
    told: list[str] = []
    with Server(Site(path), 0, told.append) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield Viewer(server, path, told)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def viewer(workspace: Workspace) -> Iterator[Viewer]:
    """A viewer of the workspace's store, which has one run."""
    workspace.run()
    with serving(store_path(workspace.folder)) as started:
        yield started


@pytest.fixture
def two(workspace: Workspace) -> tuple[str, str]:
    """Two runs of the same cases under different words of the prompts."""
    workspace.many(*map(email, range(12)))
    first = workspace.run().run_id
    # The store dates runs to the second, and these two would share one.
    with closing(sqlite3.connect(store_path(workspace.folder))) as store, store:
        store.execute("UPDATE run SET created = '2026-01-02T03:04:05Z' WHERE id = ?", (first,))
    workspace.edit("prompts/plain.j2", "Summarize this email.", "Say in brief what this says.")
    return first, workspace.run().run_id

"""Serve the viewer on this machine alone: requests in, checked; answers out, closed to others."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from threading import BoundedSemaphore
from typing import Any

from promptbench.error import InputError, StoreError
from promptbench.view.access import Access
from promptbench.view.address import Address, read_address
from promptbench.view.site import Answer, Site, message, unreadable

LOOPBACK = "127.0.0.1"
# Who connects and says nothing is let go; so many may be connected at a time.
PATIENCE = 10.0
CONNECTIONS = 64
# What is left of a request that is not read is thrown away, or the answer would be lost with it.
LEFTOVER = 2**20
LINGER = 2.0

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

LOCKED = (
    "This server answers only whom it gave its token.",
    "Open the address that promptbench view printed, as it is, in this browser.",
)
STRANGE = (
    "This server answers only its own pages, under the address that it printed.",
    "Copy that address into the address bar of the browser.",
)


class Server(ThreadingMixIn, TCPServer):
    """A site on a port of this machine. `tell` hears of mistakes of ours."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = CONNECTIONS

    def __init__(self, site: Site, port: int, tell: Callable[[str], None]) -> None:
        """Take the port, 0 for any that is free. Raises InputError if another has it."""
        self.site, self.tell = site, tell
        self.room = BoundedSemaphore(CONNECTIONS)
        try:
            super().__init__((LOOPBACK, port), Handler)
        except OSError as error:
            what = f"port {port} cannot be used: {(error.strerror or str(error)).lower()}"
            hint = "Choose another with --port, or leave it out: then a free one is found."
            raise InputError(what, hint=hint) from error
        self.access = Access(int(self.server_address[1]))

    def address(self, page: Address) -> str:
        """The address of a page with the token, to be opened once in a browser."""
        path = page.path()
        mark = "&" if "?" in path else "?"
        return f"http://{LOOPBACK}:{self.access.port}{path}{mark}token={self.access.token}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, if there is room for one."""
        if self.room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Make room again when that is done."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no mistake; of ours are told where they happen."""


class Handler(BaseHTTPRequestHandler):
    """One request on one connection."""

    server: Server
    timeout = PATIENCE
    default_request_version = "HTTP/1.0"  # where a first line names none: answers have headers
    server_version = "promptbench"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with a page."""
        self.give(self.answer())

    def do_HEAD(self) -> None:
        """Answer without the page."""
        self.give(self.answer())

    def answer(self) -> Answer:
        """The page, if whoever asks may see it; never a traceback."""
        try:
            return self.checked()
        except StoreError as error:
            self.server.tell(str(error))
            return unreadable(error)
        except Exception as error:  # a mistake of ours must not end the server
            self.server.tell(f"a bug in promptbench: {type(error).__name__}: {error}")
            return message(500, "That went wrong", "The terminal says what.", home=False)

    def checked(self) -> Answer:
        """Who asks comes first, then what for."""
        access = self.server.access
        if not access.is_ours(self.headers):
            return message(403, "Not from here", *STRANGE, home=False)
        address = read_address(self.path)
        if address and address.token is not None:
            if not access.opens(address.token):
                return message(403, "The token is another", *LOCKED, home=False)
            moved = Answer(HTTPStatus.SEE_OTHER, location=replace(address, token=None).path())
            return replace(moved, cookie=access.set_cookie())
        if not access.is_known(self.headers):
            return message(403, "Closed", *LOCKED, home=False)
        if address is None:
            return message(404, "There is no such page")
        return self.server.site.answer(address)

    def send_error(
        self, code: int, message_: str | None = None, explain: str | None = None
    ) -> None:
        """What http.server finds wrong by itself, in our form."""
        self.close_connection = True
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code = HTTPStatus.METHOD_NOT_ALLOWED
        self.give(message(code, HTTPStatus(code).phrase, home=False))

    def give(self, answer: Answer) -> None:
        """Write an answer, and nothing but its headers to who asked for those alone."""
        if self.request_version == "HTTP/0.9":  # http.server would leave the headers out
            self.request_version = "HTTP/1.0"
            answer = message(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/0.9", home=False)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Content-Security-Policy", answer.policy)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        more = {"Location": answer.location, "Set-Cookie": answer.cookie}
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            more["Allow"] = "GET, HEAD"
        for name, value in more.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def finish(self) -> None:
        """Read what is left for a moment: closing before would tear the answer away."""
        super().finish()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER)
            left = LEFTOVER
            while left > 0 and (read := self.connection.recv(2**16)):
                left -= len(read)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a request's first line may hold the token."""

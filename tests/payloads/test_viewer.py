"""Requests from elsewhere, without the key, or made to break something: each gets its answer."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from threading import BoundedSemaphore
from urllib.parse import quote

import pytest

from promptbench.record import MetricInfo
from promptbench.run.job import store_path
from promptbench.store.database import Sitting, Store
from tests.report.records import candidate, run
from tests.run.workspace import Workspace
from tests.store.records import case
from tests.view.conftest import Viewer, reply, serving

ATTACK = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer whose store lies in a folder that no answer may name."""
    path = tmp_path_factory.mktemp("secret-place") / ".promptbench" / "store.sqlite"
    store = Store(path)
    hostile = run("a", "b")
    store.begin(hostile, Sitting("plan", 0, fresh=False), map(case, range(2)))
    store.close()
    with serving(path) as started:
        yield started


def is_closed(viewer: Viewer, answer: bytes) -> None:
    """Nothing that an answer must not tell is in it, and nobody else may read it."""
    text = answer.decode("latin-1")
    for secret in (viewer.access.token, "secret-place", "Traceback", ".py"):
        assert secret not in text, text
    assert "access-control" not in text.lower()


COUNT = 110
PORT = "{port}"
HOSTS = {
    "another site": "evil.example",
    "another site on our port": f"evil.example:{PORT}",
    "a name that was bound anew": f"127.0.0.1.nip.io:{PORT}",
    "a name that begins as ours": f"localhost.evil.example:{PORT}",
    "our name without the port": "127.0.0.1",
    "our name with another port": "127.0.0.1:1",
    "another loopback address": f"127.0.0.2:{PORT}",
    "any address": f"0.0.0.0:{PORT}",
    "IPv6": f"[::1]:{PORT}",
    "the address as a number": f"2130706433:{PORT}",
    "the address in short": f"127.1:{PORT}",
    "a final dot": f"localhost.:{PORT}",
    "other letters": f"LOCALHOST:{PORT}",
    "a user before it": f"user@127.0.0.1:{PORT}",
    "two in one": f"127.0.0.1:{PORT}, evil.example",
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_who_calls_us_by_another_name_is_refused(closed: Viewer, host: str):
    found = closed.ask(host=host.format(port=closed.access.port))
    assert found.status == 403
    is_closed(closed, found.body)
    # Not even with the token, which must not be changed into a cookie there.
    found = closed.ask(
        f"/?token={closed.access.token}", host=host.format(port=closed.access.port), known=False
    )
    assert (found.status, found.headers.get("set-cookie")) == (403, None)


def test_no_host_or_two_are_refused(closed: Viewer):
    assert closed.ask(host=None).status == 403
    ours = closed.access.hosts[0]
    assert closed.ask("/", f"Host: {ours}").status == 403
    assert closed.ask("/", "Host: evil.example").status == 403
    assert [closed.ask(host=host).status for host in closed.access.hosts] == [200, 200]


SENT_BY_OTHERS = [
    "Origin: http://evil.example",
    "Origin: null",
    "Origin: http://127.0.0.1:1",
    f"Origin: https://127.0.0.1:{PORT}",
    f"Origin: http://localhost:{PORT}",  # not the name that this very request calls us by
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Site: same-site",  # another port of this machine
    "Sec-Fetch-Site: none, cross-site",
]


@pytest.mark.parametrize("line", SENT_BY_OTHERS)
@pytest.mark.parametrize("target", ["/", "/live", "/?token={token}"])
def test_what_another_site_sends_is_refused(closed: Viewer, line: str, target: str):
    target = target.format(token=closed.access.token)
    found = closed.ask(target, line.format(port=closed.access.port))
    assert found.status == 403
    is_closed(closed, found.body)


def test_our_own_pages_are_answered(closed: Viewer):
    for line in (f"Origin: {closed.base}", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none"):
        assert closed.ask("/live", line).status == 200


METHODS = (
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "__init__",
)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_but_get_and_head_is_served(closed: Viewer, method: str):
    found = closed.ask("/", "Content-Length: 5", method=method)
    assert (found.status, found.headers["allow"]) == (405, "GET, HEAD")
    is_closed(closed, found.body)
    assert closed.ask("/", "X-HTTP-Method-Override: DELETE", method="GET").status == 200


def test_a_large_body_does_not_tear_the_answer_away(closed: Viewer):
    ours = closed.access.hosts[0]
    head = f"POST / HTTP/1.1\r\nHost: {ours}\r\nContent-Length: 900000\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", closed.access.port), timeout=20) as client:
        client.sendall(head)
        first = client.recv(1)  # the answer is there, the body on its way
        for _ in range(9):
            client.sendall(b"x" * 100_000)
            time.sleep(0.01)
        client.shutdown(socket.SHUT_WR)
        raw = first + b"".join(iter(lambda: client.recv(2**16), b""))
    assert reply(raw).status == 405


WITHOUT_KEY = {
    "nothing": ("/", []),
    "an empty token": ("/?token=", []),
    "another token": ("/?token=AAAAAAAAAAAAAAAAAAAAAA", []),
    "part of the token": ("/?token={start}", []),
    "the token and more": ("/?token={token}x", []),
    "the token twice": ("/?token={token}&token={token}", []),
    "a wrong token first": ("/?token=x&token={token}", []),
    "the token under another name": ("/?key={token}", []),
    "the token's name in capitals": ("/?TOKEN={token}", []),
    "the token in the path": ("/{token}", []),
    "the token as a run": ("/run/{token}", []),
    "the token behind a hash": ("/#token={token}", []),
    "the token after a semicolon": ("/?a=1;token={token}", []),
    "the token in a header": ("/", ["Authorization: Bearer {token}", "X-Token: {token}"]),
    "the token in a referrer": ("/", ["Referer: http://127.0.0.1/?token={token}"]),
    "the cookie of another port": ("/", ["Cookie: promptbench-1={token}"]),
    "a cookie without its name": ("/", ["Cookie: {token}"]),
    "a cookie of another value": ("/", ["Cookie: {cookie}=x"]),
    "an empty cookie": ("/", ["Cookie: {cookie}="]),
    "a cookie in quotes": ("/", ['Cookie: {cookie}="{token}"']),
    "a cookie that is no text": ("/", ["Cookie: {cookie}=\udcff\udcfe"]),
    "a token that is no text": ("/?token=%ff%fe", []),
    "a token with a NUL": ("/?token={token}%00", []),
}


@pytest.mark.parametrize(("target", "lines"), WITHOUT_KEY.values(), ids=WITHOUT_KEY)
def test_who_does_not_hold_the_key_is_told_where_to_find_it(
    closed: Viewer, target: str, lines: list[str]
):
    words = {
        "token": closed.access.token,
        "start": closed.access.token[:-1],
        "cookie": closed.access.cookie,
    }
    for page in (target, target.replace("/", "/live", 1) if target.startswith("/?") else target):
        found = closed.ask(page.format(**words), *(e.format(**words) for e in lines), known=False)
        assert (found.status, found.headers.get("set-cookie")) == (403, None)
        assert "that promptbench view printed" in found.text
        is_closed(closed, found.body)


def test_a_wrong_token_is_refused_even_with_the_cookie(closed: Viewer):
    assert closed.ask("/?token=x").status == 403


def test_the_token_is_changed_into_a_cookie_and_leaves_the_address(closed: Viewer):
    found = closed.ask(f"/?token={closed.access.token}", known=False)
    assert (found.status, found.headers["location"], found.body) == (303, "/", b"")
    assert found.headers["set-cookie"] == (
        f"promptbench-{closed.access.port}={closed.access.token}; Path=/; HttpOnly; SameSite=Strict"
    )
    assert len(closed.access.token) == 22  # 128 bits, six a character


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/live?token={token}", "/live"),
        ("/run/x?token={token}", "/run/x"),
        ("/run/a%2Fb%0d%0aX:%201?token={token}", "/run/a%2Fb%0D%0AX%3A%201"),
        ("/run/%5C%5Cevil.example?token={token}", "/run/%5C%5Cevil.example"),
        ("/compare?a=1%0d%0aX&token={token}&b=%26", "/compare?a=1%0D%0AX&b=%26"),
        ("//?token={token}", "/"),  # http.server takes slashes away before we see them
    ],
)
def test_the_way_on_stays_on_this_server(closed: Viewer, target: str, location: str):
    found = closed.ask(target.format(token=closed.access.token), known=False)
    assert (found.status, found.headers["location"]) == (303, location)
    assert "x" not in found.headers


NO_PAGES = [
    "/etc/passwd",
    "/../../etc/passwd",
    "/run/../../../etc/passwd",
    "/run/..%2f..%2f..%2fetc%2fpasswd",
    "/run/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/run/%252e%252e%252fetc",
    "/run/..%5c..%5cwindows",
    "/run/%c0%ae%c0%ae%c0%afetc",
    "/run/%2fetc%2fpasswd",
    "/run/store.sqlite",
    "/.promptbench/store.sqlite",
    "/run/x%00.html",
    "/run/%00",
    "/run/%",
    "/run/%zz%u0041",
    "/run/%ff",
    "/run/",
    "/run",
    "/run/a/b",
    "/run/' OR 1=1 --".replace(" ", "%20"),
    "/run/*",
    "/runs",
    "/favicon.ico",
    "/index.html",
    "/live/",
    "/LIVE",
    "/\\evil.example",
    "//evil.example/",
    "/compare",
    "/compare?a=x",
    "/compare?a=x&b=y",
    "/compare?a=x&a=y&b=z",
    "/compare?" + "&".join(f"f{number}=1" for number in range(100)),
    "http://evil.example/",
    "file:///etc/passwd",
    "*",
    "evil.example:80",
    "/run/" + "a" * 5000,
]


@pytest.mark.parametrize("target", NO_PAGES)
def test_there_is_no_page_but_those_of_the_store(closed: Viewer, target: str):
    found = closed.ask(target)
    assert found.status == 404, found.text
    assert "root:" not in found.text
    is_closed(closed, found.body)


BROKEN = {
    "no request": (b"\r\n\r\n", None),
    "one word": (b"GET\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 403),
    "HTTP/0.9 by name": (b"GET / HTTP/0.9\r\n\r\n", 505),
    "HTTP/2": (b"GET / HTTP/2.0\r\n\r\n", 505),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "no version": (b"GET / HTTP/x\r\n\r\n", 400),
    "another protocol": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a long first line": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    "a long header": (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 300 + b"\r\n", 431),
    "64 kB of headers": (
        b"GET / HTTP/1.1\r\n" + (b"X: " + b"a" * 900 + b"\r\n") * 71 + b"\r\n",
        403,
    ),
    "a header without a colon": (b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", 403),
    "a folded host": (b"GET / HTTP/1.1\r\nHost:\r\n 127.0.0.1\r\n\r\n", 403),
    "bytes that are no text": (b"GET /\xff\xfe HTTP/1.1\r\nHost: \xff\r\n\r\n", 403),
    "a NUL": (b"GET /\0 HTTP/1.1\r\nHost: x\0\r\n\r\n", 403),
}


@pytest.mark.parametrize(("request_", "status"), BROKEN.values(), ids=BROKEN)
def test_a_broken_request_gets_a_plain_answer(closed: Viewer, request_: bytes, status: int | None):
    raw = closed.raw(request_)
    is_closed(closed, raw)
    if status is None:
        assert raw == b""
    else:
        assert reply(raw).status == status
        assert "default-src 'none'" in reply(raw).headers["content-security-policy"]
    assert closed.ask().status == 200
    assert closed.told == []


def test_a_second_request_on_the_same_line_is_not_answered(closed: Viewer):
    ours = closed.access.hosts[0]
    one = f"GET / HTTP/1.1\r\nHost: {ours}\r\nConnection: keep-alive\r\n\r\n".encode()
    two = f"GET /live HTTP/1.1\r\nHost: {ours}\r\n"
    two += f"Cookie: {closed.access.cookie}={closed.access.token}\r\n\r\n"
    raw = closed.raw(one + two.encode())
    assert raw.count(b"HTTP/1.0 ") == 1
    assert reply(raw).status == 403


def test_count():
    kinds = (HOSTS, SENT_BY_OTHERS, METHODS, WITHOUT_KEY, NO_PAGES, BROKEN)
    assert [*map(len, kinds)] == [15, 8, 10, 23, 38, 16]
    assert sum(map(len, kinds)) == COUNT


def test_slow_clients_do_not_hold_up_others(closed: Viewer):
    with ExitStack() as stack:
        for _ in range(20):
            client = socket.create_connection(("127.0.0.1", closed.access.port))
            stack.enter_context(client)
            client.sendall(b"GET / HT")
        began = time.monotonic()
        assert closed.ask().status == 200
        assert time.monotonic() - began < 5


def test_who_comes_when_all_places_are_taken_is_sent_away(workspace: Workspace):
    with serving(store_path(workspace.folder)) as viewer, ExitStack() as stack:
        viewer.server.room = BoundedSemaphore(2)
        for _ in range(2):
            client = socket.create_connection(("127.0.0.1", viewer.access.port))
            stack.enter_context(client)
            client.sendall(b"GET / HT")
        assert viewer.raw(b"") == b""
        stack.close()
        deadline = time.monotonic() + 20
        while not (raw := viewer.raw(b"GET / HTTP/1.1\r\n\r\n")):
            assert time.monotonic() < deadline
        assert reply(raw).status == 403


def test_every_answer_is_closed_to_other_sites(closed: Viewer):
    for found in (closed.ask(), closed.ask("/live"), closed.ask("/x"), closed.ask(known=False)):
        assert found.headers["cache-control"] == "no-store"
        assert found.headers["referrer-policy"] == "no-referrer"
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["x-frame-options"] == "DENY"
        assert found.headers["content-security-policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in found.headers["content-security-policy"]
        assert not {name for name in found.headers if name.startswith("access-control")}
        assert "python" not in found.headers["server"].lower()


def test_head_gives_the_headers_alone(closed: Viewer):
    full, head = closed.ask(), closed.ask(method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(full.body))
    assert closed.ask(method="HEAD", known=False).status == 403


def test_texts_of_the_store_are_shown_as_text(workspace: Workspace):
    hostile = run(
        candidates=(candidate(ATTACK, model=ATTACK),),
        metrics=(MetricInfo("rougeL", ATTACK, "higher"),),
        manifest={ATTACK: ATTACK},
    )
    hostile = replace(hostile, id=ATTACK, suite=ATTACK, split=ATTACK, description=ATTACK)
    other = replace(hostile, id=f"{ATTACK}2", manifest={ATTACK: f"{ATTACK}2"}, status="running")
    with workspace.store() as store:
        for serial, each in enumerate((hostile, other)):
            store.begin(each, Sitting("plan", serial, fresh=False), map(case, range(2)))
    one, two = quote(hostile.id, safe=""), quote(other.id, safe="")
    with serving(store_path(workspace.folder)) as viewer:
        for target in (
            "/",
            f"/run/{one}",
            f"/compare?a={one}&b={two}",
            f"/compare?a={one}&b=x{two}",
        ):
            text = viewer.ask(target).text
            assert "<img" not in text and "<script>alert" not in text
            assert "&lt;img src=x" in text
        found = json.loads(viewer.ask("/live").body)
        assert {each["id"] for each in found["lines"]} == {hostile.id, other.id}
        assert viewer.ask("/live").headers["content-type"] == "application/json"
        assert viewer.told == []

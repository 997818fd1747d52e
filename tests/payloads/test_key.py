"""Keys reach their own host, and nothing that promptbench writes, whatever goes wrong on the way.

Canaries lie wherever a key may lie, and servers give theirs back in every way they can. Then the
bytes of all that was written are searched.
"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web

from promptbench.cli.main import outcome
from promptbench.model.protocol import Setup, Speaker
from promptbench.model.remote.batch import post
from promptbench.model.remote.batch.service import id_at
from promptbench.model.remote.client import Client
from promptbench.model.remote.remote import RemoteModel
from promptbench.model.remote.wire import MalformedError
from promptbench.model.spec import open_model
from promptbench.run.job import store_path
from promptbench.store.database import Store
from promptbench.store.export import WRITERS
from tests.model.remote.batch_server import KEY as BATCH_KEY
from tests.model.remote.batch_server import OpenAI, service
from tests.model.remote.server import CHAT, Answer, Asked, Server, serving
from tests.model.remote.test_speak import STREAMS
from tests.model.remote.test_speak import request as spoken
from tests.model.tiny import write_tiny
from tests.report.packed import packed_of, parts
from tests.run.workspace import Workspace, email

OWN = "sk-canary-own/4711+08/15=="
ELSEWHERE = {
    name: f"sk-canary-{place:02}-{name.lower()}"
    for place, name in enumerate(
        (
            "OPENAI_API_KEY",
            "ANTHROPIC_API_KEY",
            "GEMINI_API_KEY",
            "HF_TOKEN",
            "RAY_AUTH_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "PROMPTBENCH_KEY_EXAMPLE_COM",
        )
    )
}
IN_A_FILE = "sk-canary-in-dotenv"
IN_A_URL, IN_A_QUERY = "sk-canary-userinfo", "sk-canary-query"
CANARIES = (OWN, *ELSEWHERE.values(), IN_A_FILE, IN_A_URL, IN_A_QUERY)
# Behind so many letters an error is cut off, which must not leave half a key.
EDGE = "x" * 290

Behaviour = Callable[[Asked, int], Answer]


def said(text: str, **more: Any) -> Any:
    """An answer with a text."""
    message = {"role": "assistant", "content": text}
    return CHAT | {"choices": [{"message": message, "finish_reason": "stop"}]} | more


def error(text: str, status: int, **more: Any) -> Answer:
    return Answer({"error": {"message": text}}, status, **more)


# How a server gives a key back. The first word, which makes the contact, is answered properly.
WAYS: Mapping[str, Callable[[str], Answer]] = {
    "not at all": lambda other: Answer(),
    "in an error": lambda other: error(f"bad key {OWN}", 400),
    "in an error, as JSON writes it": lambda other: error(json.dumps({"key": OWN}), 400),
    "in an error that is cut off": lambda other: error(EDGE + OWN, 400),
    "in an error that is no JSON": lambda other: Answer(f"<p>{OWN}</p>".encode(), 500),
    "in a 401": lambda other: error(f"no such key: {OWN}", 401),
    "in a 401, behind an escape of JSON": lambda other: Answer(
        json.dumps({"error": {"message": OWN}}).replace("sk-", "\\u0073k-").encode(), 401
    ),
    "in a 429": lambda other: error(f"slow down, {OWN}", 429, headers={"Retry-After": OWN}),
    "in a redirect": lambda other: Answer({}, 307, headers={"Location": f"{other}/?k={OWN}"}),
    "in a redirect, quoted": lambda other: Answer(
        {}, 302, headers={"Location": f"{other}/{quote(OWN, safe='')}"}
    ),
    "in headers": lambda other: Answer(
        headers={"X-Key": OWN, "Set-Cookie": f"key={quote(OWN)}", "Authorization": OWN}
    ),
    "in the text": lambda other: Answer(said(f"Your key is {OWN}.")),
    "as the model's name": lambda other: Answer(said("Hi!", model=OWN)),
    "as the reason of its end": lambda other: Answer(
        CHAT | {"choices": [{"message": {"content": "Hi"}, "finish_reason": OWN}]}
    ),
    "in a broken answer": lambda other: Answer({"choices": OWN, OWN: OWN}),
    "in half an answer": lambda other: Answer(said(OWN), cut=True),
}
COUNT = 16


def test_count():
    assert len(WAYS) == COUNT
    assert len(set(CANARIES)) == 11


@dataclass(frozen=True)
class Place:
    """A workspace whose suite asks a server that has a key; `other` is where nothing may go."""

    workspace: Workspace
    server: Server
    other: Server
    cache: Path

    def ask(self, *arguments: str) -> str:
        """Stdout and stderr of a command."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            outcome(list(arguments))
        return out.getvalue() + err.getvalue()


@pytest.fixture
def place(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(workspace.folder)
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PROMPTBENCH_TRACEBACK", "1")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    workspace.cases("test", email(1), email(2))
    workspace.write(".env", f"OPENAI_API_KEY={IN_A_FILE}\n")
    with serving() as server, serving() as other:
        monkeypatch.setenv(variable(server.base), OWN)
        more = "server: {retries: 1, price: {input: 100, output: 1000}}"
        model = f"{{model: 'openai:m@{server.base}', {more}}}"
        workspace.edit("suites/mail.yaml", "fake:a", model)
        workspace.edit("suites/mail.yaml", "metrics:", "gates: [rougeL >= 0.9]\nmetrics:")
        yield Place(workspace, server, other, tmp_path / "cache")


def variable(base: str) -> str:
    host = base.removeprefix("http://").removesuffix("/v1")
    return f"PROMPTBENCH_KEY_{host.replace('.', '_').replace(':', '_')}"


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_key_goes_to_its_host_and_into_no_output(
    place: Place, way: Callable[[str], Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("promptbench.model.remote.client.pause", lambda *rest: 0.0)
    place.server.behaviour = lambda asked, number: way(place.other.base) if number else Answer()
    # Someone who reads keeps the write-ahead log from being folded in.
    with closing(Store(store_path(place.workspace.folder))):
        told = [place.ask("run", "suites/mail.yaml", "--junit", str(tmp_path / "junit.xml"))]
        assert (store_path(place.workspace.folder).parent / "store.sqlite-wal").stat().st_size
        told += tables(place, tmp_path)
        search(place, tmp_path, told)
    assert len(place.server.asked) > 1
    for asked in place.server.asked:
        assert asked.headers["Authorization"] == f"Bearer {OWN}"
        assert not [each for each in ELSEWHERE.values() if each in json.dumps(asked.headers)]
        assert not [each for each in CANARIES if each in json.dumps(asked.body)]
    assert place.other.asked == [] and place.other.seen == 0


def tables(place: Place, tmp_path: Path) -> Iterator[str]:
    """The run in all kinds of tables."""
    with place.workspace.store() as store:
        (run_id,) = [line.id for line in store.runs()]
    for kind in WRITERS:
        out = str(tmp_path / f"table.{kind}")
        yield place.ask("export", run_id, "--format", kind, "--output", out)


def search(place: Place, tmp_path: Path, told: list[str]) -> None:
    """No canary in what was printed, nor in any file, but for the one that was put there."""
    texts = {"printed": "\n".join(told)}
    texts |= {str(path): read(path) for path in tmp_path.rglob("*") if path.is_file()}
    assert any("store.sqlite-wal" in name for name in texts)
    texts.pop(str(place.workspace.folder / ".env"))
    assert [(key, name) for name, text in texts.items() for key in CANARIES if has(text, key)] == []


def has(text: str, canary: str) -> bool:
    """Whether a text holds a canary: as it is, as an address, JSON or base64 would hold it."""
    ways = (
        canary,
        quote(canary, safe=""),
        json.dumps(canary)[1:-1].replace("/", "\\/"),
        base64.b64encode(canary.encode()).decode()[:20],
        canary[: len("sk-canary-own/47")] if canary == OWN else canary,
    )
    return any(each in text for each in ways)


def read(path: Path) -> str:
    """A file's bytes as text; of a report also what is packed in it."""
    text = path.read_bytes().decode("latin-1")
    if path.suffix == ".html":
        text += json.dumps(parts(packed_of(text)), ensure_ascii=False)
    return text


def test_the_search_finds_a_key_wherever_it_lies(place: Place, tmp_path: Path):
    place.server.behaviour = lambda asked, number: Answer(said(f"word {ELSEWHERE['HF_TOKEN']}"))
    with closing(Store(store_path(place.workspace.folder))):
        told = [place.ask("run", "suites/mail.yaml")]
        with pytest.raises(AssertionError) as caught:
            search(place, tmp_path, told)
    for name in ("store.sqlite-wal", "index.html"):
        assert name in str(caught.value)


# Where no server is asked, or it breaks


URLS = (
    "openai:m@https://user:{}@example.invalid/v1",
    "openai:m@http://{}@127.0.0.1:9/v1",
    "openai:m@ftp://user:{}@example.invalid",
    "opnai:m@https://user:{}@example.invalid/v1",
    "https://user:{}@example.invalid/v1",
    "openai:m@https://example.invalid/v1?key={}",
    "openai:m@https://example.invalid/v1#{}",
)


@pytest.mark.parametrize("url", URLS)
def test_a_key_in_an_address_is_refused_and_not_repeated(place: Place, url: str, tmp_path: Path):
    verbs = ("run", "validate")
    told = [place.ask(verb, "suites/mail.yaml", "--model", url.format(IN_A_URL)) for verb in verbs]
    ours = f"openai:m@{place.server.base}"
    place.workspace.edit("suites/mail.yaml", ours, url.format(IN_A_QUERY))
    told += [place.ask(verb, "suites/mail.yaml") for verb in verbs]
    assert all("error: " in each for each in told)
    assert not [each for each in CANARIES if each in "".join(told)]
    assert not store_path(place.workspace.folder).exists()


@pytest.mark.parametrize("step", ["posted", "understood", "completed"])
def test_a_mistake_of_ours_shows_its_way_without_the_key(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: str
):
    def broken(self: Client, *rest: Any, **more: Any) -> Any:
        raise KeyError(self)

    place.ask("validate", "suites/mail.yaml")
    monkeypatch.setattr(Client, step, broken)
    told = place.ask("run", "suites/mail.yaml")
    assert "Traceback" in told and "a bug in promptbench" in told
    assert "Client(" in told, "what is said of it is said without its key"
    assert not [each for each in CANARIES if has(told, each)]


def test_a_reply_that_is_heard_while_it_comes_is_stored_without_the_key(place: Place):
    raw = STREAMS["openai"].replace("Héllo".encode(), OWN.encode())
    place.server.behaviour = lambda asked, number: Answer(raw) if number else Answer()
    model = open_model(f"openai:m@{place.server.base}", Setup(place.workspace.folder))
    assert isinstance(model, Speaker)
    done = model.speak(spoken(), lambda piece: None)
    assert (done.text, done.error) == ("*** world.", "")


def test_what_a_server_says_of_itself_is_kept_without_the_key(place: Place, tmp_path: Path):
    about = {"title": "llama.cpp Python API", "version": OWN}
    place.server.pages["/openapi.json"] = {"info": about}
    told = [place.ask("run", "suites/mail.yaml")]
    (book,) = place.cache.rglob("*.json")
    assert "llama-cpp-python ***" in book.read_text(encoding="utf-8")
    texts = {str(path): read(path) for path in tmp_path.rglob("*") if path.is_file()}
    assert not [name for name, text in texts.items() if has(text, OWN)]
    assert not has("".join(told), OWN)


def test_the_key_is_no_id_of_a_batch(place: Place, monkeypatch: pytest.MonkeyPatch):
    model = open_model(f"openai:m@{place.server.base}", Setup(place.workspace.folder))
    assert isinstance(model, RemoteModel)
    with pytest.raises(MalformedError, match="'id' of the answer is no id"):
        id_at(replace(model.client, key="sk-canary-id-4711"), {"id": "x.sk-canary-id-4711"}, "id")


def test_batches_and_their_notes_hold_no_key(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(post, "SOON", 0.01)
    monkeypatch.setattr(post, "PATIENCE", 0.0)
    with service(OpenAI) as far:
        command = ("run", "suites/mail.yaml", "--batch", "--model", f"openai:m@{far.base}")
        told = [place.ask(*command)]
        assert far.batches, told
        far.trouble = lambda name, before: web.json_response(
            {"error": {"message": f"{EDGE}{BATCH_KEY} {BATCH_KEY}"}}, status=400
        )
        told.append(place.ask(*command, "--fresh"))
        assert "the batch was refused" in told[-1] and "***" in told[-1], told
    texts = {str(path): read(path) for path in tmp_path.rglob("*") if path.is_file()}
    assert any("batches" in name for name in texts)
    for name, text in [*texts.items(), ("printed", "".join(told))]:
        assert BATCH_KEY[:12] not in text, name


# In processes of their own


def printed(folder: Path, environment: Mapping[str, str], *arguments: str) -> str:
    """Stdout and stderr of the command line, with some variables set."""
    done = subprocess.run(
        [sys.executable, "-m", "promptbench", "run", "suites/mail.yaml", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout + done.stderr


def written(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path): path.read_bytes() for path in paths}


def test_the_hub_s_token_goes_to_the_hub_and_into_no_output(workspace: Workspace, tmp_path: Path):
    token, sent = "hf_canary", []

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(self.headers.get("Authorization"))
            self.send_response(401)
            self.end_headers()
            self.wfile.write(f"bad token {token}".encode())

        def log_message(self, *rest: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as hub:
        thread = Thread(target=hub.serve_forever)
        thread.start()
        names = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_TOKEN": token}
        names |= {"HF_HOME": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "0"}
        told = printed(workspace.folder, names, "--model", "hf:org/name")
        hub.shutdown()
        thread.join()
    assert f"Bearer {token}" in sent
    assert "the hub does not give 'org/name' (status 401)" in told
    assert token not in told
    assert not [name for name, raw in written(tmp_path).items() if token.encode() in raw]


@pytest.mark.long
def test_ray_s_logs_hold_no_key(workspace: Workspace, tmp_path: Path):
    write_tiny(workspace.folder / "tiny", "llama")
    workspace.edit("suites/mail.yaml", "fake:a", "./tiny")
    # Ray's sockets lie there, and their paths must be short.
    with TemporaryDirectory(prefix="ray") as logs:
        names = {**ELSEWHERE, "RAY_TMPDIR": logs, "PROMPTBENCH_CACHE": str(tmp_path / "cache")}
        del names["RAY_AUTH_TOKEN"]  # for Ray itself promptbench draws one anew
        told = printed(workspace.folder, names, "--executor", "ray", "--workers", "1")
        assert "report " in told, told
        files = written(Path(logs)) | written(tmp_path)
    assert any("raylet" in name for name in files)
    keys = [value.encode() for value in names.values() if value.startswith("sk-canary")]
    assert len(keys) == 6
    assert not [name for name, raw in files.items() for key in keys if key in raw]
    assert "sk-canary" not in told

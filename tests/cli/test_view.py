"""`promptbench view`: what it prints, how it stops, and what it refuses before it serves."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import pytest

from promptbench.cli import view
from promptbench.run.job import store_path
from tests.cli.conftest import Ask
from tests.run.workspace import Workspace


def opened(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The address that was printed, and the page that a browser gets there."""
    assert process.stdout
    address = process.stdout.readline().strip()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(address, timeout=20) as found:
        assert "token" not in found.url
        return address, found.read().decode()


def test_it_serves_until_ctrl_c_and_says_so(workspace: Workspace):
    run_id = workspace.run().run_id
    with workspace.start("view", "--no-open") as process:
        address, page = opened(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert address.startswith("http://127.0.0.1:") and "/?token=" in address
    assert run_id in page
    assert process.returncode == 130
    assert "The pages are no longer served" in err and "Traceback" not in err
    assert "token" not in out + err.replace(address, "")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=5)


def test_a_run_that_is_named_comes_first(workspace: Workspace):
    run_id = workspace.run().run_id
    with workspace.start("view", run_id, "--no-open") as process:
        address, page = opened(process)
        assert process.stdout
        out = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert f"/run/{run_id}?token=" in address
    assert "promptbench report" in page
    assert out == f"All runs: {address.partition('/run/')[0]}/\n"


def test_without_a_store_it_waits_for_a_run(workspace: Workspace):
    with workspace.start("view", "--no-open") as process:
        _, page = opened(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert "There is no run in this workspace yet." in page
    assert not store_path(workspace.folder).exists()


def test_a_run_that_is_not_there_is_bad_input(ask: Ask, workspace: Workspace):
    reply = ask("view", "mail-1", "--no-open")
    assert (reply.code, reply.out) == (2, "")
    assert "there is no store yet" in reply.err
    workspace.run()
    reply = ask("view", "mail-1", "--no-open")
    assert (reply.code, reply.out) == (2, "")
    assert "there is no run 'mail-1'" in reply.err


def test_a_port_that_is_taken_or_reserved_is_bad_input(ask: Ask):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        reply = ask("view", "--no-open", "--port", str(port))
    assert (reply.code, reply.out) == (2, "")
    assert f"port {port} cannot be used" in reply.err and "--port" in reply.err
    assert ask("view", "--port", "80").code == 2


def test_a_store_that_cannot_be_read_is_said_at_once(ask: Ask, workspace: Workspace):
    path = store_path(workspace.folder)
    path.parent.mkdir()
    path.write_bytes(b"This is no store. " * 100)
    reply = ask("view", "--no-open")
    assert (reply.code, reply.out) == (3, "")
    assert "The file is damaged, or not a store" in reply.err


@pytest.mark.parametrize(
    ("environment", "shown"),
    [({}, False), ({"DISPLAY": ":0"}, True), ({"WAYLAND_DISPLAY": "wayland-0"}, True)],
)
def test_a_browser_is_opened_only_where_there_is_a_display(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], shown: bool
):
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert view.has_display() is shown


@pytest.mark.parametrize("works", [True, False])
def test_the_browser_gets_the_address_that_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], works: bool
):
    seen: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: bool(seen.append(address)) or works)
    view.show("http://127.0.0.1:1/?token=x", None, browse=True)
    told = capsys.readouterr()
    assert seen == [told.out.strip()] == ["http://127.0.0.1:1/?token=x"]
    assert ("open the address yourself" in told.err) is not works


def test_view_imports_no_model():
    """The pages come from the store: torch would take seconds and half a gigabyte."""
    code = (
        "import sys; import promptbench.view.server, promptbench.cli.view, promptbench.run.job;"
        "print({'torch', 'transformers', 'peft'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

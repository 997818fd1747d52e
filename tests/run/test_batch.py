"""A suite that is run in batches: killed while it waits, and paid for once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from promptbench.cli.ranking import as_json
from promptbench.error import SuiteError
from promptbench.model.remote.batch import carrier
from tests.fake import FakeBackend
from tests.model.remote.batch_server import KEY, NEVER, OpenAI, Service, service
from tests.run.chatting import write_chat
from tests.run.workspace import Workspace

MODEL = "{{model: 'openai:m@{base}', server: {{price: {{input: 100, output: 1000}}{more}}}}}"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(carrier, "SOON", 0.01)


def served(workspace: Workspace, far: Service, monkeypatch: pytest.MonkeyPatch, more: str) -> None:
    """Let the suite ask a service."""
    port = far.base.split(":")[2].split("/")[0]
    monkeypatch.setenv(f"PROMPTBENCH_KEY_127_0_0_1_{port}", KEY)
    workspace.edit("suites/mail.yaml", "fake:a", MODEL.format(base=far.base, more=more))


def test_a_run_in_batches_is_killed_and_collects_what_it_sent(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    command = [sys.executable, "-m", "promptbench", "run", "suites/mail.yaml", "--json"]
    with service(OpenAI) as far:
        served(workspace, far, monkeypatch, ", batch: true")
        far.looks = NEVER
        with subprocess.Popen(
            command, cwd=workspace.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            deadline = time.monotonic() + 120
            while not far.called("GET /batches") and time.monotonic() < deadline:
                assert child.poll() is None, child.communicate()
                time.sleep(0.05)
            os.kill(child.pid, signal.SIGKILL)
        assert len(far.batches) == 1
        far.looks = 0
        found = subprocess.run(
            command, cwd=workspace.folder, capture_output=True, text=True, check=True, timeout=120
        )
        assert [len(batch.rows) for batch in far.batches.values()] == [12]
        assert far.called("POST /batches") == 1
    result = json.loads(found.stdout)
    assert (result["errors"], result["generated"]) == (0, 12)
    assert result["candidates"][0]["cost"] == pytest.approx((7 * 100 + 2 * 1000) / 2e6)
    page = (workspace.folder / result["report"]).read_text()
    assert "in batches" in page
    assert KEY not in page
    assert not list((workspace.folder / carrier.FOLDER).glob("*"))


def test_batches_may_be_wanted_for_a_run_alone_and_reuse_what_was_stored(
    workspace: Workspace, fake: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    with service(OpenAI) as far:
        served(workspace, far, monkeypatch, "")
        first = workspace.run(limit=3)
        assert far.single == 1 + 6
        second = workspace.run(batch=True)
        assert [len(batch.rows) for batch in far.batches.values()] == [6]
    assert (first.errors, second.errors, second.reused) == (0, 0, 6)
    assert as_json(second)["candidates"][0]["cost"] is not None


def test_a_chat_is_not_led_in_batches(
    tmp_path: Path, fake: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    with service(OpenAI) as far:
        port = far.base.split(":")[2].split("/")[0]
        monkeypatch.setenv(f"PROMPTBENCH_KEY_127_0_0_1_{port}", KEY)
        model = MODEL.format(base=far.base, more=", batch: true")
        workspace = write_chat(tmp_path / "talk", **{"fake:a": model})
        with pytest.raises(SuiteError, match="cannot answer a chat in batches"):
            workspace.run()

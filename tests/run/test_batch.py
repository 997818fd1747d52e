"""A suite that is run in batches: killed while it waits, and paid for once."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from promptbench.cli.ranking import as_json
from promptbench.error import ModelError, RunError, SuiteError
from promptbench.model.remote.batch import carrier, post
from promptbench.record import Completion
from tests.fake import FakeBackend
from tests.model.remote.batch_server import KEY, NEVER, Anthropic, OpenAI, Service, service
from tests.run.chatting import write_chat
from tests.run.workspace import Notes, Workspace

MODEL = "{{model: '{prefix}:m@{base}', server: {{price: {{input: 100, output: 1000}}{more}}}}}"
KINDS = {"openai": OpenAI, "anthropic": Anthropic}
COMMAND = [sys.executable, "-m", "promptbench", "run", "suites/mail.yaml", "--json"]
PATIENCE = 120


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(post, "SOON", 0.01)


@pytest.fixture(params=KINDS)
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def far(prefix: str) -> Iterator[Service]:
    with service(KINDS[prefix]) as made:
        yield made


def served(workspace: Workspace, far: Service, more: str = "", prefix: str = "openai") -> None:
    """Let the suite ask a service."""
    model = MODEL.format(prefix=prefix, base=far.base, more=more)
    workspace.edit("suites/mail.yaml", "fake:a", model)


def struck(workspace: Workspace, when: Callable[[], bool]) -> None:
    """Start the command and kill it at a moment."""
    with subprocess.Popen(
        COMMAND, cwd=workspace.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        deadline = time.monotonic() + PATIENCE
        while not when() and time.monotonic() < deadline:
            assert child.poll() is None, child.communicate()
            time.sleep(0.02)
        assert when()
        child.kill()
        child.communicate()
    assert child.returncode == -signal.SIGKILL


def finished(workspace: Workspace) -> dict[str, Any]:
    """The same command to its end."""
    found = subprocess.run(
        COMMAND,
        cwd=workspace.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert found.returncode == 0, found.stderr
    return dict(json.loads(found.stdout))


def notes(workspace: Workspace) -> list[str]:
    """What is left in the folder of notes."""
    return [path.name for path in (workspace.folder / carrier.FOLDER).glob("*")]


def test_a_run_that_is_killed_while_it_waits_collects_what_it_sent(
    workspace: Workspace, far: Service, prefix: str
):
    served(workspace, far, ", batch: true", prefix)
    far.looks = NEVER
    struck(workspace, lambda: any(batch.looks for batch in far.batches.values()))
    far.looks = 0
    result = finished(workspace)
    assert [len(batch.rows) for batch in far.batches.values()] == [12], "sent once"
    assert (result["errors"], result["generated"]) == (0, 12)
    assert result["candidates"][0]["cost"] == pytest.approx((7 * 100 + 2 * 1000) / 2e6)
    page = (workspace.folder / result["report"]).read_text()
    assert "in batches" in page
    assert KEY not in page
    assert notes(workspace) == []


def test_a_run_that_is_killed_before_it_hears_of_the_acceptance_pays_once(
    workspace: Workspace, far: Service, prefix: str
):
    served(workspace, far, ", batch: true", prefix)
    far.looks = NEVER
    hear = far.route

    async def deaf(request: web.Request, path: str) -> web.StreamResponse:
        answer = await hear(request, path)
        if far.batches:
            await asyncio.sleep(NEVER)
        return answer

    far.route = deaf  # type: ignore[method-assign]
    struck(workspace, lambda: bool(far.batches))
    far.route = hear  # type: ignore[method-assign]
    far.looks = -1
    for batch in far.batches.values():
        batch.looks = 1
    result = finished(workspace)
    assert [len(batch.rows) for batch in far.batches.values()] == [12], "sent once"
    assert (result["errors"], result["generated"]) == (0, 12)
    assert notes(workspace) == []


def test_the_same_command_beside_one_that_waits_is_refused(workspace: Workspace):
    with service(OpenAI) as far:
        served(workspace, far, ", batch: true")
        far.looks = NEVER
        with subprocess.Popen(
            COMMAND, cwd=workspace.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                if any(batch.looks for batch in far.batches.values()):
                    break
                assert child.poll() is None, child.communicate()
                time.sleep(0.02)
            with pytest.raises(RunError, match="another promptbench is waiting for a batch"):
                workspace.run()
            child.kill()
            child.communicate()
        far.looks = 0
        assert workspace.run().errors == 0
        assert len(far.batches) == 1


def test_batches_may_be_wanted_for_a_run_alone_and_reuse_what_was_stored(
    workspace: Workspace, fake: FakeBackend
):
    with service(OpenAI) as far:
        served(workspace, far)
        first = workspace.run(limit=3)
        assert far.single == 1 + 6
        second = workspace.run(batch=True)
        assert [len(batch.rows) for batch in far.batches.values()] == [6]
    assert (first.errors, second.errors, second.reused) == (0, 0, 6)
    assert as_json(second)["candidates"][0]["cost"] is not None
    offline = workspace.run(batch=True)
    assert (offline.run_id, offline.generated) == (second.run_id, 0), "no server is needed"


def test_what_was_stored_of_a_batch_is_not_taken_for_fresh(
    workspace: Workspace, fake: FakeBackend, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(carrier, "HANDED", 5)

    class Leaves(Notes):
        def generated(self, batch: list[Completion]) -> None:
            super().generated(batch)
            if len(self.batches) == 2:
                raise KeyboardInterrupt

    with service(OpenAI) as far:
        served(workspace, far, ", batch: true")
        with pytest.raises(KeyboardInterrupt):
            workspace.run(Leaves())
        assert workspace.run().errors == 0
        assert len(far.batches) == 1
        workspace.run(fresh=True)
    assert [len(batch.rows) for batch in far.batches.values()] == [12, 12]


# What cannot be done in batches


def test_a_chat_is_not_led_in_batches(tmp_path: Path, fake: FakeBackend):
    with service(OpenAI) as far:
        model = MODEL.format(prefix="openai", base=far.base, more=", batch: true")
        workspace = write_chat(tmp_path / "talk", **{"fake:a": model})
        with pytest.raises(SuiteError, match="a turn of a chat cannot wait for one"):
            workspace.run()
        assert not far.batches


def test_a_race_is_not_run_in_batches(workspace: Workspace, fake: FakeBackend):
    with service(OpenAI) as far:
        served(workspace, far)
        with pytest.raises(SuiteError, match="a round of a race cannot wait for one"):
            workspace.run(race=True, batch=True)
        assert not far.batches


def test_batches_are_for_models_behind_an_api(workspace: Workspace, fake: FakeBackend):
    with pytest.raises(SuiteError, match="this run asks none"):
        workspace.run(batch=True)


def test_servers_without_batches_are_all_named(workspace: Workspace, fake: FakeBackend):
    with pytest.raises(SuiteError, match="no batch endpoint for ollama:a, gemini:b") as raised:
        workspace.run(batch=True, models=("ollama:a", "openai:c", "gemini:b", "fake:a"))
    assert "openai" in raised.value.hint


def test_a_server_that_turns_out_to_have_no_batches_is_refused_before_anything_is_run(
    workspace: Workspace, fake: FakeBackend
):
    with service(OpenAI) as far:
        served(workspace, far, ", batch: true")
        far.trouble = lambda call, before: web.Response(status=404) if "batch" in call else None
        with pytest.raises(ModelError, match=r"m cannot be asked in batches: .* answered 404"):
            workspace.run()
        assert not far.called("POST /files")

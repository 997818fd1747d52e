from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from promptbench.record import Run
from promptbench.run.job import run_suite
from promptbench.run.option import Options
from tests.run.workspace import Notes, Workspace


def run_of(workspace: Workspace, **options: Any) -> Run:
    result = workspace.run(**options)
    with workspace.store() as store:
        return store.run(result.run_id)


def test_the_manifest_says_what_ran(workspace: Workspace):
    run = run_of(workspace, limit=2)
    manifest = run.manifest
    assert manifest["cases"] == {"split": "test", "limit": 2, "evaluated": 2}
    assert manifest["prompts"] == {c.prompt.name: c.prompt.digest for c in run.candidates}
    assert manifest["sampling"] == {"all": run.candidates[0].sampling.canonical()}
    assert manifest["models"]["fake:a"]["identity"] == run.candidates[0].model_identity
    assert manifest["models"]["fake:a"]["backend"] == "fake"
    assert {"promptbench", "python", "torch", "transformers"} <= set(manifest["versions"])
    assert {"system", "processor", "cores"} <= set(manifest["hardware"])


def test_digests_are_those_of_the_files(workspace: Workspace):
    manifest = run_of(workspace).manifest
    assert manifest["suite"]["sha256"] == digest(workspace.suite)
    for split in ("test", "dev", "train"):
        path = workspace.folder / "suites" / "mail" / f"{split}.jsonl"
        assert manifest["data"][split]["sha256"] == digest(path)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_command_repeats_the_run(workspace: Workspace):
    options = {"limit": 2, "prompts": ("plain",), "models": ("fake:b",), "repeats": 2, "seed": 3}
    manifest = run_of(workspace, split="dev", **options).manifest
    assert manifest["command"] == (
        "promptbench run suites/mail.yaml --split dev --limit 2 --prompt plain --model fake:b"
        " --repeats 2 --seed 3"
    )


def test_a_run_names_no_folder_of_the_machine(workspace: Workspace):
    assert workspace.suite.is_absolute()
    text = json.dumps(asdict(run_of(workspace)))
    assert str(workspace.folder) not in text
    assert str(Path.home()) not in text
    assert '"prompts/plain.j2"' in text


def test_a_run_is_written_down_alike_from_whatever_folder_the_run_was_started(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    found = []
    for folder, name in ((".", "suites/mail.yaml"), ("suites/mail", "../mail.yaml")):
        monkeypatch.chdir(workspace.folder / folder)
        result = run_suite(Path(name), Options(), Notes())
        with workspace.store() as store:
            run = store.run(result.run_id)
        found.append((run.manifest, run.candidates))
        (workspace.folder / ".promptbench" / "store.sqlite").unlink()
    assert found[0] == found[1]


def test_a_run_holds_nothing_of_the_environment(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-do-not-keep-me")
    monkeypatch.setenv("PROMPTBENCH_NOTE", "do-not-keep-me-either")
    result = workspace.run()
    with workspace.store() as store:
        dump = "\n".join(store.connection.iterdump())
    assert "mail-0" in dump
    assert "do-not-keep-me" not in dump + result.report.read_text(encoding="utf-8")

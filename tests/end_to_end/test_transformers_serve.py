"""Checkpoints behind `transformers serve`, asked by a run: docs/serving.md says what is seen here."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch

from promptbench.error import ModelError
from promptbench.model.local.convert import converted, is_ready
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED
from promptbench.record import Completion
from promptbench.run.job import Result, run_suite
from promptbench.run.option import Options
from tests.end_to_end.served import Served, serving, start
from tests.model.tiny import write_tiny, write_tokenizer
from tests.run.workspace import Notes, Workspace, email, write_workspace
from tests.tune.conftest import SETTINGS
from tests.tune.toy import PATH, tune, write_toy

pytestmark = pytest.mark.slow

GUIDE = Path(__file__).parents[2] / "docs" / "serving.md"
TEMPLATE = "{% for message in messages %}{{ message['content'] }} {% endfor %}"
CELLS = 12  # two prompts, six cases

needs_smollm2 = pytest.mark.skipif(
    not is_ready(EMBEDDED["smollm2"], cache_folder()),
    reason="the embedded model is not installed: promptbench models pull smollm2",
)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """The server computes beside this process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def smollm2() -> Path:
    return converted(EMBEDDED["smollm2"], cache_folder(), lambda message: None)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of any folder that a request names."""
    with serving(tmp_path_factory.mktemp("served") / "log") as served:
        yield served


@pytest.fixture(autouse=True)
def own_book(smollm2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What servers say is written down beside the test, not in the user's cache."""
    monkeypatch.setenv("PROMPTBENCH_CACHE", str(tmp_path / "cache"))


def mail(folder: Path, *models: str, sampling: str = "{max_tokens: 16}") -> Workspace:
    """The small suite of emails on some models, each of whose servers is asked once, not again."""
    workspace = write_workspace(folder)
    lines = "".join(
        f"  - {model}\n" if "://" not in model else f"  - {{model: '{model}', server: {{retries: 0}}}}\n"
        for model in models
    )
    workspace.edit("suites/mail.yaml", "  - fake:a\n", lines)
    workspace.edit("suites/mail.yaml", "{max_tokens: 16}", sampling)
    return workspace


def outputs(workspace: Workspace, result: Result) -> dict[bool, list[Completion]]:
    """All completions in the order of prompts and cases, those of servers under True."""
    found: dict[bool, list[Completion]] = {True: [], False: []}
    for sample in workspace.samples(result.run_id):
        assert sample.completion is not None
        found["http" in sample.candidate].append(sample.completion)
    return found


def told(completion: Completion) -> tuple[str, int, int, str]:
    return (
        completion.text,
        completion.prompt_tokens,
        completion.output_tokens,
        completion.finish_reason,
    )


@needs_smollm2
def test_a_served_checkpoint_says_what_the_local_engine_says(
    tmp_path: Path, server: Served, smollm2: Path
):
    workspace = mail(tmp_path / "w", str(smollm2), server.spec(smollm2))
    found = outputs(workspace, result := workspace.run())
    print(workspace.samples(result.run_id)[0], result)
    local, served = found[False], found[True]
    for a, b in zip(local, served):
        print(told(a) == told(b), told(a), told(b), b.error)
    assert len(local) == len(served) == CELLS
    assert list(map(told, served)) == list(map(told, local))

"""Suites on models of this process and on the same behind a server, and what both wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path
from shutil import copytree
from typing import Any

from promptbench.record import Completion
from promptbench.run.job import Result, run_suite
from promptbench.run.option import Options
from tests.model.tiny import write_tiny, write_tokenizer
from tests.run.workspace import Notes, Workspace, write_workspace
from tests.tune.conftest import SETTINGS
from tests.tune.toy import PATH, write_toy

BASE = "checkpoints/base"
TEMPLATE = "{{ bos_token }}{% for message in messages %}{{ message['content'] }}{% endfor %}"


def emails(folder: Path, *models: str, sampling: str) -> Workspace:
    """The small suite of emails."""
    workspace = write_workspace(folder)
    workspace.edit("suites/mail.yaml", "  - fake:a\n", entries(models))
    workspace.edit("suites/mail.yaml", "{max_tokens: 16}", sampling)
    return workspace


def codes(folder: Path, template: str = TEMPLATE, **settings: Any) -> Workspace:
    """The suite of made-up codes with a tiny LLaMA as its base; its words are the tokenizer's."""
    workspace = write_toy(folder)
    write_tiny(workspace.folder / BASE, "llama", **SETTINGS["llama"] | settings)
    write_tokenizer(workspace.folder / BASE, processing="<s> $A", template=template)
    return workspace


def entries(models: tuple[str, ...]) -> str:
    """Models as a suite's lines. A server is asked for one output after another, and once."""
    asked = "{{model: '{0}', server: {{retries: 0, concurrency: 1}}}}"
    return "".join(f"  - {asked.format(m) if '//' in m else m}\n" for m in models)


def settled(workspace: Workspace, **settings: Any) -> Path:
    """A copy of the base with other settings in its generation_config.json."""
    base = workspace.folder / BASE
    folder = Path(copytree(base, base.with_name("settled")))
    path = folder / "generation_config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | settings
    path.write_text(json.dumps(config), encoding="utf-8")
    return folder


def ask(
    workspace: Workspace,
    *models: str,
    sampling: str = "{max_tokens: 12}",
    watcher: Notes | None = None,
    fresh: bool = False,
) -> Result:
    """Run the suite of codes on some models."""
    text = (workspace.folder / PATH).read_text(encoding="utf-8")
    text = re.sub(r"models:(.|\n)*metrics", f"models:\n{entries(models)}metrics", text)
    workspace.write(PATH, text.replace("metrics", f"sampling: {sampling}\nmetrics"))
    return run_suite(workspace.folder / PATH, Options(fresh=fresh), watcher or Notes())


def outputs(
    workspace: Workspace, result: Result, *, served: bool | None = None
) -> list[Completion]:
    """All completions in the order of prompts and cases: the server's, this process's, or both."""
    found = workspace.samples(result.run_id)
    if served is not None:
        found = [sample for sample in found if ("//" in sample.candidate) == served]
    assert found
    return [sample.completion for sample in found if sample.completion is not None]


def texts(workspace: Workspace, result: Result) -> list[str]:
    """The outputs of a run."""
    assert result.errors == 0
    return [one.text for one in outputs(workspace, result)]


def told(completion: Completion) -> tuple[str, int, int, str, str]:
    """What must be equal, however an output came about."""
    return (
        completion.text,
        completion.prompt_tokens,
        completion.output_tokens,
        completion.finish_reason,
        completion.error,
    )


def agree(workspace: Workspace, result: Result) -> list[Completion]:
    """The server's outputs, which are all equal to those of this process."""
    local = outputs(workspace, result, served=False)
    found = outputs(workspace, result, served=True)
    assert list(map(told, found)) == list(map(told, local))
    assert not any(one.error for one in found)
    return found

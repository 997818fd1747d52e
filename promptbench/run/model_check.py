"""Check a model's engine, and keep the verdict where the reports of its runs find it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptbench.disk import write_whole
from promptbench.error import ModelError
from promptbench.model.protocol import Setup
from promptbench.model.spec import cache_folder, open_model

if TYPE_CHECKING:
    from promptbench.model.local.selfcheck import Verdict


def checked(spec: str, setup: Setup) -> Verdict:
    """Run the check and keep its verdict. Raises ModelError for a model that runs elsewhere."""
    from promptbench.model.local.local import LocalModel
    from promptbench.model.local.selfcheck import check_model

    model = open_model(spec, setup)
    if not isinstance(model, LocalModel):
        raise ModelError(f"'{spec}' does not run in this process: there is no engine to check")
    setup.notify("Running a dozen prompts one at a time, then in several ways at once ...")
    verdict = check_model(model)
    path = verdict_path(model.info.identity)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(asdict(verdict)))
    return verdict


def verdict_path(identity: str) -> Path:
    """Where the verdict on a model is kept."""
    return cache_folder() / "checks" / f"{identity}.json"


def known_verdict(identity: str) -> str:
    """A model's verdict in words, for a manifest."""
    try:
        found: dict[str, Any] = json.loads(verdict_path(identity).read_text(encoding="utf-8"))
        ways = found["ways"]
        different = sum(way["different"] for way in ways)
        ties = sum(way["ties"] for way in ways)
        total = found["requests"] * len(ways)
    except (OSError, ValueError, KeyError, TypeError):
        return "not run (promptbench check-model)"
    return (
        f"{total - different - ties} of {total} outputs equal, {ties} ties, {different} different"
    )

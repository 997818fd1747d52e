"""Say judged gates in GitHub's workflow commands, which mark the gate's line in the suite."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from promptbench.record import Judgement

LEVELS = {"failed": "error", "undecided": "warning"}


def on_github(environment: Mapping[str, str]) -> bool:
    """Whether this is a step of GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


def commands(
    judgements: Sequence[Judgement], suite: Path, environment: Mapping[str, str]
) -> list[str]:
    """One command for each gate that did not pass: an error, or a warning if undecided."""
    file = _property(_from_root(suite, environment.get("GITHUB_WORKSPACE", "")))
    return [
        f"::{LEVELS[each.verdict]} file={file},line={each.line},"
        f"title={_property(f'gate {each.verdict}')}::{_data(_message(each))}"
        for each in judgements
        if each.verdict in LEVELS
    ]


def _message(judgement: Judgement) -> str:
    figure = f"{judgement.figure}: " if judgement.figure else ""
    return f"{judgement.gate}\n{figure}{judgement.reason}"


def _from_root(suite: Path, root: str) -> str:
    """The suite's path as the repository has it, or as it was given if it lies elsewhere."""
    if not root:
        return suite.as_posix()
    relative = Path(os.path.relpath(suite.resolve(), Path(root).resolve()))
    return suite.as_posix() if relative.parts[:1] == ("..",) else relative.as_posix()


def _data(text: str) -> str:
    """Escaped as GitHub's own toolkit does it (actions/toolkit, command.ts, escapeData)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escaped as a property's value (escapeProperty)."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")

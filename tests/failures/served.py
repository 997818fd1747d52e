"""A suite of a workspace that asks a server of this machine."""

from __future__ import annotations

from tests.run.workspace import Workspace


def ask(workspace: Workspace, base: str, api: str = "openai", more: str = "") -> None:
    """Let the suite's model be one behind an API."""
    settings = ", ".join(filter(None, ["retries: 0", more]))
    model = f"{{model: '{api}:m@{base}', server: {{{settings}}}}}"
    workspace.edit("suites/mail.yaml", "fake:a", model)

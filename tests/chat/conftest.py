"""Talks with a model that speaks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from promptbench.chat.begin import Wish, begin
from promptbench.chat.desk import Desk
from promptbench.model.protocol import quiet
from promptbench.model.spec import BACKENDS
from tests.chat.speaking import SpeakingBackend
from tests.run.chatting import Chat, write_chat

Talk = Callable[..., Desk]


@pytest.fixture
def speaking(monkeypatch: pytest.MonkeyPatch) -> SpeakingBackend:
    """The backend of `speaks:`, whose manner a test may change."""
    backend = SpeakingBackend()
    monkeypatch.setitem(BACKENDS, "speaks", backend)
    return backend


@pytest.fixture
def chat(tmp_path: Path, fake: object, speaking: object, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """A workspace with a chat suite, a persona and another that shows no summary; we are in it."""
    workspace = write_chat(tmp_path / "workspace")
    source = (workspace.folder / "prompts" / "friend.j2").read_text(encoding="utf-8")
    workspace.write("prompts/chat/mira.j2", source)
    short = "{% block system %}You are Bo.{% endblock %}{% block user %}{{ user }}{% endblock %}"
    workspace.write("prompts/chat/bo.j2", short)
    monkeypatch.chdir(workspace.folder)
    return workspace


@pytest.fixture
def talk(chat: Chat) -> Talk:
    """Begin a talk in the workspace."""

    def begun(**wish: object) -> Desk:
        settings = {"model": "speaks:a", "temperature": 0.0, "max_tokens": 12} | wish
        return begin(Wish(chat.folder, **settings), quiet)  # type: ignore[arg-type]

    return begun

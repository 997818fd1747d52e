"""A chat trained on the command line, with the memory asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Ask
from tests.fake import FakeBackend
from tests.run.workspace import Workspace
from tests.tune.talks import PATH, write_talk


@pytest.fixture
def workspace(tmp_path: Path, fake: FakeBackend) -> Workspace:
    """A chat of one dialogue of three replies, in place of the fake model's suite."""
    return write_talk(tmp_path / "workspace")


def test_a_memory_names_the_checkpoint_and_is_in_its_manifest(ask: Ask, workspace: Workspace):
    reply = ask("finetune", PATH, "--epochs", "1", "--memory", "none", "--json")
    assert reply.code == 0, reply.err
    said = json.loads(reply.out)
    assert said["folder"] == "./checkpoints/talk-base-friend-full-none"
    assert said["chat"] == {
        "memory": "none",
        "dialogues": 1,
        "replies": 3,
        "form": "one example a reply",
        "reason": "memory none leaves turns out",
    }
    assert "full fine-tuning on 1 dialogues" in reply.err
    both = ("--model", "./checkpoints/base", "--model", said["folder"])
    assert ask("run", PATH, *both).code == 0


def test_a_memory_that_is_none_is_refused(ask: Ask):
    reply = ask("finetune", PATH, "--memory", "lots")
    assert reply.code == 2
    assert "'lots' is no memory" in reply.err


def test_a_curve_of_a_chat_is_refused(ask: Ask):
    reply = ask("curve", PATH)
    assert reply.code == 2
    assert "there is no curve of a chat" in reply.err

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import pytest

from tests.cli.conftest import Ask
from tests.fake import FakeBackend
from tests.model.tiny import write_tiny
from tests.run.workspace import Workspace
from tests.tune.conftest import SETTINGS
from tests.tune.toy import LABELS, PATH, SIDES, write_toy

TRAIN = ("finetune", PATH, "--epochs", "1", "--batch", "16")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("base"), "llama", **SETTINGS["llama"])


@pytest.fixture
def workspace(tmp_path: Path, base: Path, fake: FakeBackend) -> Workspace:
    """The toy suite on a tiny LLaMA, in place of the fake model's suite."""
    workspace = write_toy(tmp_path / "workspace")
    copytree(base, workspace.folder / "checkpoints" / "base")
    return workspace


def test_it_says_what_it_does_and_how_to_go_on(ask: Ask, workspace: Workspace):
    reply = ask(*TRAIN)
    assert reply.code == 0, reply.err
    name = "./checkpoints/codes-base-codes-full"
    lines = reply.out.splitlines()
    assert lines[0].startswith(f"{name}: 6 of 6 steps, ")
    assert any(line.startswith("loss on dev: ") and "->" in line for line in lines)
    assert any(line.startswith("loss beside the suite: ") for line in lines)
    assert lines[-1] == f"next: promptbench run {PATH} --model {name}"
    assert "full fine-tuning on 96 cases" in reply.err
    assert "6 training steps" in reply.err
    assert "Warning" not in reply.err
    assert ask(*lines[-1].removeprefix("next: promptbench ").split()).code == 0


def test_the_same_command_again_trains_nothing(ask: Ask):
    ask(*TRAIN)
    reply = ask(*TRAIN)
    assert reply.code == 0
    assert "is trained already; --fresh trains it anew" in reply.out
    assert "training steps" not in reply.err
    assert "training steps" in ask(*TRAIN, "--fresh").err


def test_json_is_one_object(ask: Ask, workspace: Workspace):
    reply = ask(*TRAIN, "--name", "mine", "--seed", "4", "--json")
    assert reply.out.count("\n") == 1
    said = json.loads(reply.out)
    assert (said["folder"], said["reused"], said["kind"]) == (
        "./checkpoints/mine",
        False,
        "finetune",
    )
    assert said["recipe"]["seed"] == 4
    assert len(said["losses"]) == said["steps"]["done"]
    stored = json.loads((workspace.folder / "checkpoints/mine/promptbench.json").read_text())
    assert {key: said[key] for key in stored} == stored
    assert json.loads(ask(*TRAIN, "--name", "mine", "--seed", "4", "--json").out)["reused"] is True


def test_lora_prints_no_warning(ask: Ask):
    reply = ask(*TRAIN, "--method", "lora", "--rank", "2")
    assert reply.code == 0, reply.err
    assert "Warning" not in reply.err


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("--method", "head"), "there is no method 'head' for decoder-only models", "full, lora"),
        (("--method", "qlora"), "qlora", "lora"),
        (("--prompt", "coeds"), "the suite has no prompt 'coeds'", "Did you mean 'codes'?"),
        (("--model", "fake:a"), "does not run in this process, so it cannot be trained", "hf:"),
        (("--model", "smolm2"), "unknown model 'smolm2'", "smollm2"),
        (("--model", "./checkpoints/none"), "there is no folder", "base"),
        (("--name", "../x"), "a checkpoint cannot be named '../x'", "checkpoints/"),
        (("--lr", "0"), "0", ""),
        (("--max-memory", "1K"), "is no amount of memory", "--help"),
    ],
)
def test_bad_input_is_a_message(
    ask: Ask, arguments: tuple[str, ...], message: str, hint: str, workspace: Workspace
):
    reply = ask(*TRAIN, *arguments)
    assert reply.code == 2
    assert message in reply.err
    assert hint in reply.err
    assert "Traceback" not in reply.err
    assert reply.out == ""
    made = [p.name for p in (workspace.folder / "checkpoints").iterdir()]
    assert [name for name in made if not name.endswith(".partial")] == ["base"]


def test_a_suite_without_a_train_split_is_refused(ask: Ask, workspace: Workspace):
    workspace.edit(PATH, "  train: codes/train.jsonl\n", "")
    reply = ask(*TRAIN)
    assert reply.code == 2
    assert "no train split" in reply.err
    assert "promptbench split" in reply.err


def test_an_empty_train_split_is_refused(ask: Ask, workspace: Workspace):
    workspace.write("suites/codes/train.jsonl", "")
    reply = ask(*TRAIN)
    assert reply.code == 2
    assert "train" in reply.err


def test_an_adapter_is_no_base(ask: Ask):
    ask(*TRAIN, "--method", "lora", "--name", "adapter")
    reply = ask(*TRAIN, "--model", "./checkpoints/adapter")
    assert reply.code == 2
    assert "is an adapter; training starts from a whole model" in reply.err


def test_a_suite_without_models_asks_for_one(ask: Ask, workspace: Workspace):
    workspace.edit(PATH, "models: [./checkpoints/base]\n", "models: []\n")
    reply = ask(*TRAIN)
    assert reply.code == 2


def test_two_trainings_of_one_name_are_told_apart(ask: Ask):
    ask(*TRAIN, "--name", "mine")
    reply = ask(*TRAIN, "--name", "mine", "--lr", "0.01")
    assert reply.code == 2
    assert "checkpoints/mine" in reply.err
    assert "--name" in reply.err


def test_a_classification_says_what_it_learns(ask: Ask, workspace: Workspace):
    toy = write_toy(workspace.folder, SIDES, suite=LABELS)
    assert toy.folder == workspace.folder
    reply = ask(*TRAIN)
    assert reply.code == 0, reply.err

"""Wherever a training is ended, the same command comes to the same weights, bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree

import pytest

from promptbench.error import InputError
from promptbench.tune import course
from promptbench.tune.course import WHOLE, last_state
from promptbench.tune.finetune import Tuned, finetune, partial
from promptbench.tune.note import read_note, write_note
from tests.model.bert import write_encoder
from tests.run.workspace import Workspace
from tests.tune.toy import LABELS, PATH, SIDES, options, tune, write_toy

SETTINGS = {"epochs": 3, "batch": 8, "learning_rate": 3e-3}
PROGRAM = Path(__file__).with_name("program.py")


@dataclass
class Interrupting:
    """A watcher that ends the training as Ctrl-C does, after a step; 0 lets it go on."""

    at: int = 0
    planned_steps: list[tuple[int, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, message: str) -> None:
        self.notes.append(message)

    def planned(self, steps: int, done: int) -> None:
        self.planned_steps.append((steps, done))

    def stepped(self, step: int, loss: float) -> None:
        if step == self.at:
            raise KeyboardInterrupt


def workspaces(tmp_path: Path, bases: dict[str, Path], kind: str) -> tuple[Workspace, Workspace]:
    """Two equal workspaces: one is interrupted."""
    classify = kind == "bert"
    made = []
    for name in ("ended", "whole"):
        codes = {"codes": SIDES, "suite": LABELS} if classify else {}
        workspace = write_toy(tmp_path / name, **codes)  # type: ignore[arg-type]
        base = workspace.folder / "checkpoints" / "base"
        if classify:
            write_encoder(base, "bert", head="")
        else:
            copytree(bases[kind], base)
        made.append(workspace)
    return made[0], made[1]


def weights(tuned: Tuned) -> bytes:
    (path,) = tuned.folder.glob("*.safetensors")
    return path.read_bytes()


def train(workspace: Workspace, watcher: Interrupting, **more: object) -> Tuned:
    return finetune(workspace.folder / PATH, options(**SETTINGS | more), watcher)


def same(one: Tuned, other: Tuned) -> None:
    """Equal weights, and equal in what is said of them but for date and duration."""
    assert weights(one) == weights(other)
    timeless = {"created", "seconds"}
    said = [{k: v for k, v in t.manifest.items() if k not in timeless} for t in (one, other)]
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("llama", "lora"),
        ("t5", "full"),
        ("bert", "head"),
        pytest.param("llama", "full", marks=pytest.mark.long),
        pytest.param("gpt2", "full", marks=pytest.mark.long),
    ],
)
def test_interrupted_trainings_end_like_one_that_was_not(
    tmp_path: Path,
    bases: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    method: str,
):
    # GPT-2 and BERT draw dropout: chance has to go on where it was.
    ended, whole = workspaces(tmp_path, bases, kind)
    monkeypatch.setattr(course, "SAVE_EVERY", -1.0)
    for at in (5, 17):
        with pytest.raises(KeyboardInterrupt):
            train(ended, Interrupting(at), method=method)
    watcher = Interrupting()
    found = train(ended, watcher, method=method)
    assert watcher.planned_steps == [(36, 16)]  # step 17 was told of before it was saved
    monkeypatch.setattr(course, "SAVE_EVERY", 120.0)
    same(found, tune(whole, **SETTINGS, method=method))
    assert len(found.manifest["looks"]) == found.manifest["steps"]["done"] // 12
    assert sorted(p.name for p in (ended.folder / "checkpoints").iterdir()) == sorted(
        ["base", found.folder.name]
    )


@pytest.mark.slow
@pytest.mark.parametrize("goal", [pytest.param(3, marks=pytest.mark.long), 20])
def test_a_killed_training_ends_like_one_that_was_not(
    tmp_path: Path, bases: dict[str, Path], goal: int
):
    ended, whole = workspaces(tmp_path, bases, "gpt2")
    folder = ended.folder / "checkpoints" / ".killed.partial"
    command = [sys.executable, str(PROGRAM), "finetune", PATH, "--name", "killed"]
    command += ["--epochs", "3", "--batch", "8", "--lr", "3e-3"]
    with subprocess.Popen(
        command, cwd=ended.folder, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE
    ) as process:
        while process.poll() is None and saved(folder) < goal:
            time.sleep(0.005)
        process.kill()
        process.communicate()
    assert process.returncode == -9
    at = saved(folder)
    assert at >= goal
    break_states(folder)
    watcher = Interrupting()
    found = train(ended, watcher, name="killed")
    assert watcher.planned_steps == [(36, at)]
    same(found, tune(whole, **SETTINGS, name="killed"))


def saved(folder: Path) -> int:
    """The last step of which a whole state is there."""
    steps = [int(path.parent.name[11:]) for path in folder.glob(f"checkpoint-*/{WHOLE}")]
    return max(steps, default=0)


def break_states(folder: Path) -> None:
    """Two later states that were not finished, as a kill leaves them."""
    source = last_state(folder)
    assert source is not None
    copytree(source, folder / "checkpoint-30")
    (folder / "checkpoint-30" / WHOLE).unlink()
    (folder / "checkpoint-30" / "optimizer.pt").write_bytes(b"half")
    (folder / "checkpoint-31").mkdir()


def test_an_unfinished_state_is_taken_away_and_the_last_whole_one_taken(tmp_path: Path):
    for step in (2, 10, 9):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / WHOLE).touch()
    (tmp_path / "checkpoint-11").mkdir()
    assert last_state(tmp_path) == tmp_path / "checkpoint-10"
    assert not (tmp_path / "checkpoint-11").exists()
    assert last_state(tmp_path / "nowhere") is None


def test_only_one_state_is_kept_and_none_goes_before_the_next_is_whole(
    toy: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(course, "SAVE_EVERY", -1.0)
    building = partial(toy.folder / "checkpoints" / "x")
    counts: list[tuple[int, int]] = []
    touch = Path.touch

    def counting(path: Path, *arguments: object, **more: object) -> None:
        if path.name == WHOLE:
            states = list(building.glob("checkpoint-*"))
            counts.append((len(states), sum((s / WHOLE).is_file() for s in states)))
        touch(path)

    monkeypatch.setattr(Path, "touch", counting)
    with pytest.raises(KeyboardInterrupt):
        train(toy, Interrupting(5), name="x")
    # Before a mark: the state before is whole and the new one lies beside it.
    assert counts == [(1, 0), (2, 1), (2, 1), (2, 1)]
    assert len(list(building.glob("checkpoint-*"))) == 1


def test_a_finished_checkpoint_is_reused(toy: Workspace):
    first = tune(toy, **SETTINGS)
    watcher = Interrupting()
    second = train(toy, watcher)
    assert (first.reused, second.reused) == (False, True)
    assert second.manifest == first.manifest
    assert watcher.planned_steps == []


def test_a_name_stands_for_one_training(toy: Workspace):
    tune(toy, **SETTINGS, name="mine")
    with pytest.raises(InputError, match="other data or settings") as raised:
        tune(toy, **SETTINGS, name="mine", seed=1)
    assert "--fresh" in raised.value.hint
    with pytest.raises(KeyboardInterrupt):
        train(toy, Interrupting(3), name="other")
    with pytest.raises(InputError, match="other data or settings"):
        tune(toy, **SETTINGS, name="other", seed=1)


def test_changed_data_is_another_training(toy: Workspace):
    tune(toy, **SETTINGS)
    rows = (toy.folder / "suites/codes/train.jsonl").read_text(encoding="utf-8").splitlines()
    toy.write("suites/codes/train.jsonl", "\n".join(rows[1:]) + "\n")
    with pytest.raises(InputError, match="other data or settings"):
        tune(toy, **SETTINGS)


def test_fresh_replaces_the_old_one_only_at_its_end(
    toy: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(course, "SAVE_EVERY", -1.0)
    old = tune(toy, **SETTINGS, name="mine")
    before = weights(old)
    with pytest.raises(KeyboardInterrupt):
        train(toy, Interrupting(9), name="mine", seed=1, fresh=True)
    assert weights(old) == before
    watcher = Interrupting()
    new = train(toy, watcher, name="mine", seed=1, fresh=True)
    assert watcher.planned_steps == [(36, 8)]
    assert not new.reused
    assert weights(new) != before
    again = Interrupting()
    assert not train(toy, again, name="mine", seed=1, fresh=True).reused
    assert again.planned_steps == [(36, 0)]


def test_a_name_cannot_lead_out_of_its_folder(toy: Workspace):
    with pytest.raises(InputError, match="cannot be named"):
        tune(toy, name="..", fresh=True)
    assert (toy.folder / "checkpoints" / "base" / "config.json").is_file()


def test_a_half_written_note_is_no_note(tmp_path: Path):
    write_note(tmp_path / "note.json", {"a": 1})
    (tmp_path / ".note.json").write_text('{"a": 2', encoding="utf-8")
    assert read_note(tmp_path / "note.json") == {"a": 1}
    assert read_note(tmp_path / "none.json") == {}

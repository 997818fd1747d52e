"""A disk that fills up under what is no store: exports, reports, checkpoints, converted weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from promptbench.error import StoreError
from promptbench.model.embedded import weights_path
from promptbench.model.local.checkpoint import digest_of
from promptbench.model.local.convert import converted
from promptbench.model.local.refusal import writing
from promptbench.model.protocol import quiet
from promptbench.model.wheel import EMBEDDED
from promptbench.pretrain.corpus import read_corpus
from promptbench.pretrain.pretrain import pretrain
from promptbench.report.write import write_report
from promptbench.run.page import page_of
from promptbench.store.export import export
from promptbench.tune import course, training
from promptbench.tune.watch import Silent
from tests.crash.mount import fill, mounted
from tests.crash.test_disk import big
from tests.crash.test_finetune import toy
from tests.fake import FakeBackend
from tests.pretrain.test_pretrain import order_of
from tests.pretrain.text import write_texts
from tests.run.workspace import Workspace
from tests.tune.toy import tune

LONG = [pytest.mark.long, pytest.mark.timeout(1500)]
KILO = 1024
PAGE = 4096


@contextmanager
def refused(place: Path, left: int) -> Iterator[pytest.ExceptionInfo[StoreError]]:
    """The disk has so many bytes left, and what is done inside ends in one error that says so."""
    filler = fill(place, left)
    try:
        with pytest.raises(StoreError) as caught:
            yield caught
    finally:
        filler.unlink()
    told = str(caught.value)
    assert "full" in told or "No space left" in told, told
    assert "pace" in caught.value.hint


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def ran(tmp_path: Path, fake: FakeBackend) -> tuple[Workspace, str]:
    """A workspace on a disk with room, and its run."""
    workspace = big(tmp_path / "workspace")
    return workspace, workspace.run().run_id


Write = Callable[[Path], Path]


def writer(kind: str, workspace: Workspace, run: str) -> Write:
    """What writes a table of a run, or its report, to a folder, and says where it is."""
    if kind == "report":
        with workspace.store() as store:
            page = page_of(store, run)[1]
        return lambda folder: write_report(page, folder)

    def write(folder: Path) -> Path:
        with workspace.store() as store:
            export(store, run, kind, folder / f"rows.{kind}")
        return folder / f"rows.{kind}"

    return write


@pytest.mark.parametrize("parts", [2, pytest.param(40, marks=LONG)])
def test_an_output_that_finds_no_room_leaves_the_earlier_one(
    ran: tuple[Workspace, str], disk: Path, parts: int
):
    for kind in ("csv", "jsonl", "parquet", "report"):
        write = writer(kind, *ran)
        path = write(disk)
        whole = path.read_bytes()
        for before, part in product((b"", b"the earlier one"), range(parts)):
            path.unlink()
            if before:
                path.write_bytes(before)
            there = names(disk)
            with refused(disk, len(whole) * part // parts // PAGE * PAGE):
                write(disk)
            assert names(disk) == there
            assert not before or path.read_bytes() == before
            assert write(disk).read_bytes() == whole
        path.unlink()


def by_torch(folder: Path) -> None:
    torch.save({"weights": torch.zeros(5000)}, folder / "state.pt")


def by_safetensors(folder: Path) -> None:
    save_file({"weights": torch.zeros(5000)}, folder / "weights.safetensors")


def by_tokenizers(folder: Path) -> None:
    tokenizer = Tokenizer(WordLevel({f"word-{number}": number for number in range(2000)}, "word-0"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)


def by_python(folder: Path) -> None:
    (folder / "text").write_text("x" * 20_000, encoding="utf-8")


@pytest.mark.parametrize("write", [by_torch, by_safetensors, by_tokenizers, by_python])
@pytest.mark.parametrize("left", [0, 3 * PAGE])
def test_whatever_library_meets_the_end_of_the_disk_the_error_is_one_of_ours(
    disk: Path, write: Callable[[Path], None], left: int
):
    with refused(disk, left), writing("cannot be written", "Free some space.", disk):
        write(disk)


def test_another_error_is_not_taken_for_that_of_a_disk(tmp_path: Path):
    with pytest.raises(RuntimeError, match="shape"), writing("cannot be written", "", tmp_path):
        torch.zeros(2) @ torch.zeros(3, 3, 3).reshape(2, 2)


SETTINGS: dict[str, Any] = {"epochs": 1, "batch": 32, "learning_rate": 3e-3, "name": "tuned"}


def same(workspace: Workspace, wanted: bytes) -> bool:
    """Whether there is a checkpoint, and nothing half beside it."""
    found = tune(workspace, **SETTINGS).folder
    assert names(found.parent) == {"base", "tuned"}
    return (found / "model.safetensors").read_bytes() == wanted


def trained(workspace: Workspace) -> bytes:
    return (tune(workspace, **SETTINGS).folder / "model.safetensors").read_bytes()


@pytest.mark.long
def test_a_checkpoint_whose_manifest_finds_no_room_gets_no_name(
    disk: Path, monkeypatch: pytest.MonkeyPatch
):
    workspace, write = toy(disk / "toy"), training.write_manifest
    fillers: list[Path] = []

    def late(*arguments: Any) -> None:
        fillers.append(fill(disk, 0))
        write(*arguments)

    monkeypatch.setattr(training, "write_manifest", late)
    with pytest.raises(StoreError, match="No space left") as caught:
        tune(workspace, **SETTINGS)
    assert "the same command continues" in caught.value.hint
    assert names(workspace.folder / "checkpoints") == {"base", ".tuned.partial"}
    fillers[0].unlink()
    monkeypatch.undo()
    assert tune(workspace, **SETTINGS).manifest["kind"] == "finetune"
    assert names(workspace.folder / "checkpoints") == {"base", "tuned"}


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_training_that_finds_no_room_goes_on_when_there_is_some(
    tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(course, "SAVE_EVERY", -1.0)
    wanted = trained(toy(tmp_path / "whole"))
    for level in range(0, 900, 20):
        workspace = toy(disk / f"level-{level}")
        with refused(disk, level * KILO):
            tune(workspace, **SETTINGS)
        assert names(workspace.folder / "checkpoints") == {"base", ".tuned.partial"}
        assert same(workspace, wanted)
        rmtree(workspace.folder)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_pretraining_that_finds_no_room_goes_on_when_there_is_some(tmp_path: Path, disk: Path):
    corpus = read_corpus(write_texts(tmp_path / "texts"))
    wanted = digest_of(pretrain(corpus, order_of(tmp_path / "whole"), Silent()).folder)
    for level in range(0, 600, 20):
        folder = disk / "tiny"
        with refused(disk, level * KILO):
            pretrain(corpus, order_of(folder), Silent())
        assert not folder.exists()
        assert digest_of(pretrain(corpus, order_of(folder), Silent()).folder) == wanted
        assert names(disk) == {"tiny"}
        rmtree(folder)


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", EMBEDDED)
def test_weights_that_find_no_room_in_the_cache_are_converted_when_there_is_some(
    tmp_path: Path, name: str
):
    model = EMBEDDED[name]
    if weights_path(model) is None:
        pytest.skip(f"{name} is not installed")
    with mounted(tmp_path / "disk", 640) as place:
        made = converted(model, place, quiet)
        wanted = digest_of(made)
        weights = (made / "model.safetensors").stat().st_size
        tokenizer = (made / "tokenizer.json").stat().st_size
        rmtree(made)
        for left in (0, weights // 2, weights + tokenizer // 2):
            with refused(place, left):
                converted(model, place, quiet)
            assert names(place / "models") == set(), "nothing half is left"
        assert digest_of(converted(model, place, quiet)) == wanted

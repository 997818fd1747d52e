from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from promptbench.error import DataError, InputError, RunError
from promptbench.model.local.checkpoint import digest_of
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.pretrain.architecture import ARCHITECTURES, Arch, Shape, check_shape
from promptbench.pretrain.corpus import Corpus
from promptbench.pretrain.corrupt import Example
from promptbench.pretrain.loss import Loss, losses, total
from promptbench.pretrain.pretrain import Order, Pretrained, pretrain
from promptbench.pretrain.schedule import Schedule, steps_for
from promptbench.pretrain.task import Task
from promptbench.record import Completion, Message, Request, Sampling
from promptbench.tune.manifest import read_manifest
from promptbench.tune.watch import Silent
from tests.model.bert import choosing, labels

TINY = Shape("gpt2", layers=1, heads=2, dim=32, context=32)
BRIEF = Schedule(steps=30, batch=8, rate=3e-3)


def order_of(folder: Path, arch: Arch = "gpt2", **changes: object) -> Order:
    schedule = replace(BRIEF, **{k: v for k, v in changes.items() if hasattr(BRIEF, k)})
    shape = replace(TINY, arch=arch, **{k: v for k, v in changes.items() if hasattr(TINY, k)})
    return Order(shape, schedule, folder, vocabulary=420, fresh=bool(changes.get("fresh")))


@pytest.fixture(scope="module")
def made(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pretrained]:
    """A model of each family, trained for a moment."""
    place = tmp_path_factory.mktemp("checkpoints")
    return {
        arch: pretrain(corpus, order_of(place / arch, arch), Silent()) for arch in ARCHITECTURES
    }


def opened(made: Pretrained) -> LocalModel:
    model = open_model(str(made.folder), Setup(made.folder))
    assert isinstance(model, LocalModel)
    return model


def answer(model: LocalModel, request: Request) -> Completion:
    (done,) = [row for rows in model.stream([request]) for row in rows]
    assert not done.error
    return done


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_loss_falls(arch: Arch, made: dict[str, Pretrained]):
    said = made[arch].said
    assert made[arch].new
    assert said["after"]["loss"] < said["before"]["loss"] - 0.5
    # Random weights are as good as a guess among all tokens.
    assert abs(said["before"]["loss"] - math.log(said["vocabulary"])) < 0.7
    assert said["after"]["perplexity"] == pytest.approx(math.exp(said["after"]["loss"]), rel=1e-3)
    assert (said["after"]["bits_per_byte"] is not None) == (arch in ("gpt2", "llama"))


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_folder_is_a_model_like_any_other(arch: Arch, made: dict[str, Pretrained]):
    model = opened(made[arch])
    assert model.info.architecture == arch
    assert model.info.context == 32
    assert model.info.parameters == made[arch].said["parameters"]
    assert not made[arch].folder.with_name(f"{arch}.partial").exists()
    if arch == "bert":
        choice = labels("hall", "gate", words=[["hall"], ["gate"]])
        request = choosing(model.tokenizer, "The door opens in the [MASK]", choice)
        done = answer(model, request)
        assert done.text in ("hall", "gate")
        assert all(math.isfinite(value) for value in done.choices)
    else:
        messages = (Message("user", "The door opens"),)
        encoded = model.encode(messages)
        request = Request("0f" * 8, messages, encoded, Sampling(max_tokens=8))
        assert answer(model, request).output_tokens > 0


def test_the_manifest_says_how_it_was_made(made: dict[str, Pretrained], corpus: Corpus):
    said = read_manifest(made["gpt2"].folder)
    assert said["kind"] == "pretrain"
    assert said["settings"]["data"] == corpus.digest
    assert said["settings"]["steps"] == 30
    assert said["files"] == dict(corpus.files)
    assert said["tokens"] == 30 * 8 * 32
    assert said["seconds"] > 0


def test_the_same_settings_give_the_same_weights(
    made: dict[str, Pretrained], corpus: Corpus, tmp_path: Path
):
    again = pretrain(corpus, order_of(tmp_path / "again"), Silent())
    assert digest_of(again.folder) == digest_of(made["gpt2"].folder)
    other = pretrain(corpus, order_of(tmp_path / "other", seed=1), Silent())
    assert digest_of(other.folder) != digest_of(again.folder)


class KilledError(Exception):
    """Stands for a kill: nothing of ours runs after it."""


class KillAt(Silent):
    """Ends the training at a step."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.begun = -1

    def planned(self, steps: int, done: int) -> None:
        self.begun = done

    def stepped(self, step: int, loss: float) -> None:
        if step == self.step:
            raise KilledError


@pytest.mark.parametrize("arch", ["gpt2", "t5"])
def test_a_training_that_was_stopped_ends_like_one_that_was_not(
    arch: Arch, made: dict[str, Pretrained], corpus: Corpus, tmp_path: Path
):
    order = order_of(tmp_path / "made", arch)
    with pytest.raises(KilledError):
        pretrain(corpus, order, KillAt(17))
    assert not order.folder.exists()
    watcher = KillAt(0)
    done = pretrain(corpus, order, watcher)
    assert watcher.begun == 16
    assert digest_of(done.folder) == digest_of(made[arch].folder)


def test_a_half_written_state_is_not_gone_on_with(corpus: Corpus, tmp_path: Path):
    order = order_of(tmp_path / "made")
    with pytest.raises(KilledError):
        pretrain(corpus, order, KillAt(9))
    (tmp_path / "made.partial" / "checkpoint-8" / "whole").unlink()
    watcher = KillAt(0)
    pretrain(corpus, order, watcher)
    assert watcher.begun == 7


def test_a_finished_one_is_not_trained_again(made: dict[str, Pretrained], corpus: Corpus):
    folder = made["gpt2"].folder
    before = digest_of(folder)
    again = pretrain(corpus, order_of(folder), Silent())
    assert not again.new
    assert again.said == made["gpt2"].said
    with pytest.raises(InputError, match="gpt2 is there already, made with steps 30, not 40") as e:
        pretrain(corpus, order_of(folder, steps=40), Silent())
    assert "--fresh" in e.value.hint
    assert digest_of(folder) == before


def test_fresh_replaces_a_finished_one(corpus: Corpus, tmp_path: Path):
    first = pretrain(corpus, order_of(tmp_path / "made", steps=3), Silent())
    before = digest_of(first.folder)
    other = pretrain(corpus, order_of(tmp_path / "made", steps=4, fresh=True), Silent())
    assert other.said["settings"]["steps"] == 4
    assert digest_of(other.folder) != before
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_another_s_unfinished_training_is_not_gone_on_with(corpus: Corpus, tmp_path: Path):
    with pytest.raises(KilledError):
        pretrain(corpus, order_of(tmp_path / "made"), KillAt(5))
    with pytest.raises(InputError, match="unfinished, made with seed 0, not 3") as caught:
        pretrain(corpus, order_of(tmp_path / "made", seed=3), Silent())
    assert "Its own command continues it" in caught.value.hint


def test_a_foreign_folder_is_not_touched(corpus: Corpus, tmp_path: Path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="mine is there already, and not made by this command"):
        pretrain(corpus, order_of(folder), Silent())
    assert (folder / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"heads": 5}, "--dim 32 cannot be shared among --heads 5"),
        ({"layers": 0}, "--layers is 0"),
        ({"context": 8}, "--context is 8"),
        ({"heads": 32, "arch": "llama"}, "a LLaMA's heads turn pairs"),
        ({"dim": 4}, "--dim is 4|--heads is"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(changes: dict[str, object], match: str):
    with pytest.raises(InputError, match=match):
        check_shape(replace(TINY, **changes))


def test_a_rate_at_which_it_runs_off_makes_no_checkpoint(corpus: Corpus, tmp_path: Path):
    with pytest.raises(InputError, match="--lr is 0"):
        pretrain(corpus, order_of(tmp_path / "made", rate=0.0), Silent())
    assert not (tmp_path / "made.partial").exists()


def test_weights_that_are_no_numbers_are_refused():
    from promptbench.pretrain.pretrain import refuse_nonsense

    with pytest.raises(RunError, match="the training ran off"):
        refuse_nonsense(Loss(float("nan"), 4), BRIEF)
    refuse_nonsense(Loss(1.0, 4), BRIEF)


def test_a_context_longer_than_the_text_is_refused(corpus: Corpus, tmp_path: Path):
    with pytest.raises(DataError, match="too few for blocks of 8000"):
        pretrain(corpus, order_of(tmp_path / "made", context=8000), Silent())


def test_the_steps_suit_the_text():
    assert [steps_for(n, 2048) for n in (0, 51_000, 68_267, 10**8)] == [200, 299, 400, 400]


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_loss_is_that_of_transformers(arch: Arch, made: dict[str, Pretrained], corpus: Corpus):
    model = opened(made[arch])
    task = Task(model.info.family, model.tokenizer.inner, 32)
    examples: list[Example] = task.measured(corpus.held)[:3]
    for example, loss in zip(examples, losses(model.loaded, examples), strict=True):
        with torch.inference_mode():
            expected = model.loaded(
                input_ids=torch.from_numpy(example.inputs)[None],
                labels=torch.from_numpy(example.labels)[None],
            ).loss
        assert loss.mean == pytest.approx(float(expected), abs=1e-5)


def test_bits_per_byte_are_over_the_whole_text(made: dict[str, Pretrained], corpus: Corpus):
    model = opened(made["llama"])
    task = Task("decoder-only", model.tokenizer.inner, 32)
    loss = total(losses(model.loaded, task.measured(corpus.held)))
    assert loss.tokens == len(task.joined(corpus.held)) - 1
    size = sum(len(text.encode()) for text in corpus.held)
    bits = loss.nats / math.log(2) / size
    assert made["llama"].said["after"]["bits_per_byte"] == pytest.approx(bits, abs=1e-4)


def test_nothing_of_this_machine_is_in_the_checkpoint(made: dict[str, Pretrained], texts: Path):
    for path in made["gpt2"].folder.glob("*.json"):
        assert str(texts.parent) not in path.read_text(encoding="utf-8")
        json.loads(path.read_text(encoding="utf-8"))

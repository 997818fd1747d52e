"""Train a tiny transformer on somebody's own text: a corpus and a shape in, a checkpoint out."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from promptbench.error import RunError
from promptbench.model.local.refusal import writing
from promptbench.model.protocol import Family
from promptbench.pretrain.architecture import Arch, Shape, check_shape, new_model
from promptbench.pretrain.corpus import Corpus
from promptbench.pretrain.loss import Loss, losses, total
from promptbench.pretrain.schedule import Schedule, check_schedule, steps_for
from promptbench.pretrain.task import Stream, Task
from promptbench.pretrain.unfinished import ROOM, Unfinished
from promptbench.pretrain.vocabulary import check_size, default_size, train_tokenizer
from promptbench.report.number import count
from promptbench.tune.manifest import read_manifest, write_manifest
from promptbench.tune.watch import Watcher

FAMILIES: dict[Arch, Family] = {
    "gpt2": "decoder-only",
    "llama": "decoder-only",
    "t5": "encoder-decoder",
    "bert": "encoder-only",
}
MAKING = "made"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be trained. `vocabulary` 0 is as many tokens as suit the text."""

    shape: Shape
    schedule: Schedule
    folder: Path
    vocabulary: int = 0
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A finished checkpoint and what its manifest says; `new` unless it was there before."""

    folder: Path
    said: Mapping[str, Any]
    new: bool


def pretrain(corpus: Corpus, order: Order, watcher: Watcher) -> Pretrained:
    """Train, or go on with what was begun, or find it done: the same settings, the same result.

    Raises InputError for a shape that cannot be and for a name that other settings have taken,
    DataError for too little text, RunError for a training that ran off.
    """
    check_order(order)
    size = order.vocabulary or default_size(corpus.size)
    settings = settings_of(corpus, order, size)
    unfinished = Unfinished(order.folder)
    if not order.fresh and unfinished.finished(settings):
        return Pretrained(order.folder, read_manifest(order.folder), new=False)
    for note in corpus.notes:
        watcher.note(note)
    watcher.note(f"Training a vocabulary of up to {count(size, 'token')} ...")
    tokenizer = train_tokenizer(corpus.train, order.shape.arch, size, order.shape.context)
    task = Task(FAMILIES[order.shape.arch], tokenizer, order.shape.context)
    stream = stream_of(corpus, task, order.schedule)
    unfinished.begin(settings, order.fresh)
    with writing("cannot be written", ROOM, unfinished.folder):
        said = trained(corpus, order, task, stream, watcher)
        write_manifest(unfinished.folder / MAKING, "pretrain", {"settings": settings, **said})
    unfinished.finish(unfinished.folder / MAKING)
    return Pretrained(order.folder, read_manifest(order.folder), new=True)


def check_order(order: Order) -> None:
    """What can be said before the text is read. Raises InputError."""
    check_shape(order.shape)
    check_schedule(order.schedule)
    if order.vocabulary:
        check_size(order.vocabulary, order.shape.arch)


def settings_of(corpus: Corpus, order: Order, size: int) -> dict[str, Any]:
    """What decides the result, and so whether a training is the one that was begun."""
    return {
        **asdict(order.shape),
        "vocabulary": size,
        **asdict(order.schedule),
        "data": corpus.digest,
    }


def stream_of(corpus: Corpus, task: Task, schedule: Schedule) -> Stream:
    """The examples of the training, as many as the steps take."""
    ids = task.joined(corpus.train)
    steps = schedule.steps or steps_for(len(ids), schedule.batch * task.length)
    return Stream(task, ids, steps * schedule.batch, schedule.seed)


def trained(
    corpus: Corpus, order: Order, task: Task, stream: Stream, watcher: Watcher
) -> dict[str, Any]:
    """Train, write the checkpoint's files, and say what came of it."""
    from transformers.utils import logging

    from promptbench.pretrain.grow import run_trainer

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    model = new_model(order.shape, task.tokenizer, order.schedule.seed)
    held = task.measured(corpus.held)
    before = total(losses(model, held))
    unfinished = Unfinished(order.folder)
    seconds = run_trainer(model, stream, order.schedule, unfinished, watcher)
    watcher.note("Measuring the loss on the part that was held out ...")
    after = total(losses(model, held))
    refuse_nonsense(after, order.schedule)
    save(model, task.tokenizer, unfinished.folder / MAKING)
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "tokens": stream.tokens,
        "seconds": round(seconds, 1),
        "vocabulary": len(task.tokenizer),
        "before": figures(before, corpus, task),
        "after": figures(after, corpus, task),
        "files": dict(corpus.files),
        "notes": list(corpus.notes),
    }


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write weights, config and tokenizer."""
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)


def figures(loss: Loss, corpus: Corpus, task: Task) -> dict[str, float | None]:
    """The held-out loss; bits per byte only where every token of the text is predicted."""
    size = sum(len(text.encode()) for text in corpus.held)
    bits = round(loss.bits_per_byte(size), 4) if task.predicts_all else None
    return {
        "loss": round(loss.mean, 4),
        "perplexity": round(loss.perplexity, 2),
        "bits_per_byte": bits,
        "tokens": loss.tokens,
    }


def refuse_nonsense(loss: Loss, schedule: Schedule) -> None:
    """Weights that are no numbers are no checkpoint."""
    if loss.nats != loss.nats:
        raise RunError(
            f"the training ran off: the loss is no number any more at --lr {schedule.rate}",
            hint="Take a lower --lr and begin anew with --fresh.",
        )

"""Train a model on a suite's train split: a suite in, a checkpoint that `run --model` takes out."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptbench.disk import make_folder, move_whole
from promptbench.error import InputError, RunError, first_line
from promptbench.model.local.refusal import writing
from promptbench.suite.read import read_suite
from promptbench.tune.manifest import read_manifest
from promptbench.tune.material import Material, gather
from promptbench.tune.note import read_note, write_note
from promptbench.tune.option import TuneOptions
from promptbench.tune.watch import Watcher

FOLDER = "checkpoints"
SETTINGS = "training.json"
ROOM = "Free some space; the same command continues from the last saved step."
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True, slots=True)
class Tuned:
    """A finished checkpoint: its folder, its manifest, and whether it was there before."""

    folder: Path
    spec: str
    manifest: dict[str, Any]
    reused: bool


def finetune(path: Path, options: TuneOptions, watcher: Watcher) -> Tuned:
    """Train on a suite's train split, or find that it was done.

    Raises InputError before anything is trained, later RunError and StoreError; what was reached
    by then is kept, and the same call continues.
    """
    suite = read_suite(path)
    material = gather(suite, options, watcher.note)
    return finetune_on(material, options, watcher)


def finetune_on(material: Material, options: TuneOptions, watcher: Watcher) -> Tuned:
    """Train on gathered material."""
    name = checked(options.name) or name_of(material, options)
    folder = material.suite.workspace / FOLDER / name
    spec = f"./{FOLDER}/{name}"
    if folder.is_dir() and not options.fresh:
        found = read_manifest(folder)
        refuse_other(found.get("digest"), material.digest, folder)
        return Tuned(folder, spec, found, reused=True)
    tell(material, watcher)
    building = begin(folder, material, fresh=options.fresh)
    try:
        from promptbench.tune.training import train

        with writing("the checkpoint cannot be written", ROOM, building):
            train(material, options, building, watcher)
            finish(building, folder)
    except RuntimeError as error:  # torch raises it for whatever its kernels cannot do
        raise RunError(
            f"the training failed: {first_line(error)}",
            hint="If memory ran out, lower --batch or set --max-memory. The same command"
            " continues from the last saved step.",
        ) from error
    return Tuned(folder, spec, read_manifest(folder), reused=False)


def name_of(material: Material, options: TuneOptions) -> str:
    """A name that says what was trained: suite, model, prompt, method and what is unusual."""
    model = Path(material.spec).name.replace(":", "-")
    parts = [material.suite.name, model, material.prompt.name, material.recipe.method]
    parts += [options.memory] if options.memory else []
    parts += [f"n{len(material.cases)}"] if options.limit else []
    parts += [f"s{material.recipe.seed}"] if material.recipe.seed else []
    return re.sub(r"[^A-Za-z0-9_.-]", "_", "-".join(parts))


def checked(name: str) -> str:
    """A name as the user gave it. Raises InputError for one that could lead out of the folder."""
    if name and not NAME.fullmatch(name):
        raise InputError(
            f"a checkpoint cannot be named '{name}'",
            hint=f"It is the name of a folder under {FOLDER}/: letters, digits, '_', '.' and '-',"
            " a letter or digit first.",
        )
    return name


def partial(folder: Path) -> Path:
    """Where a checkpoint lies while it is being made."""
    return folder.parent / f".{folder.name}.partial"


def begin(folder: Path, material: Material, *, fresh: bool) -> Path:
    """The folder of a training under way; one with other settings is not continued.

    A fresh one continues only what began as such: the checkpoint that it is to replace stays until
    then.
    """
    building = partial(folder)
    wanted = {"digest": material.digest, "fresh": fresh}
    found = read_note(building / SETTINGS)
    if found and not fresh:
        refuse_other(found.get("digest"), material.digest, folder)
    if found and (found == wanted or not fresh):
        return building
    shutil.rmtree(building, ignore_errors=True)
    with writing("cannot be written", "Free some space, or make it writable.", building):
        make_folder(building)
        write_note(building / SETTINGS, wanted)
    return building


def refuse_other(found: object, digest: str, folder: Path) -> None:
    """A name stands for one training."""
    if found != digest:
        raise InputError(
            "a checkpoint of that name was trained with other data or settings",
            where=str(folder),
            hint="Give this one another name (--name), or replace the old one with --fresh.",
        )


def finish(building: Path, folder: Path) -> None:
    """Give the checkpoint its name, and with `fresh` the old one's place: whole or not at all."""
    shutil.rmtree(building / "old", ignore_errors=True)
    move_whole(building / "model", folder, building / "old")
    shutil.rmtree(building, ignore_errors=True)


def tell(material: Material, watcher: Watcher) -> None:
    """Say what is about to be trained, and what a reader must know of the data."""
    recipe = material.recipe
    tokens = sum(one.tokens for one in material.train)
    epochs = "1 epoch" if recipe.epochs == 1 else f"{recipe.epochs} epochs"
    watcher.note(
        f"{material.spec}, {recipe.method} fine-tuning on {len(material.cases)} {material.what}"
        f" ({tokens:,} tokens), prompt {material.prompt.name}: {epochs} of"
        f" {recipe.batch} {material.piece} a step, learning rate {recipe.learning_rate:g}"
    )
    for sampling in material.suite.samplings.values():
        if sampling.choice is not None or not material.train[0].answer:
            continue
        lengths = [end - first for one in material.train for first, end in one.pieces]
        if long := sum(length > sampling.max_tokens for length in lengths):
            watcher.note(
                f"{long} of {len(lengths)} answers are longer than the suite's max_tokens"
                f" {sampling.max_tokens}: they are learned whole, a run will cut them"
            )

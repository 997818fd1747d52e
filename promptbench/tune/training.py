"""The training itself: transformers' Trainer from the first step to a checked checkpoint."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments, logging, set_seed

from promptbench.model.local.memory import keep_freed_memory
from promptbench.suite.content import leaves
from promptbench.tune.batch import plan_steps, steps_an_epoch
from promptbench.tune.callback import Report
from promptbench.tune.check import (
    refuse_other_prompts,
    refuse_unapplied,
    release,
    reopened,
    witness_loss,
)
from promptbench.tune.copied import copied_files
from promptbench.tune.course import Course, last_state
from promptbench.tune.example import Example
from promptbench.tune.facts import base_of, facts
from promptbench.tune.forgetting import probe_examples, probes
from promptbench.tune.judged import dev_score, higher_is_better
from promptbench.tune.learner import learner, objective_for, write_weights
from promptbench.tune.manifest import write_manifest
from promptbench.tune.material import Material
from promptbench.tune.note import read_note, write_note
from promptbench.tune.objective import Objective
from promptbench.tune.option import TuneOptions
from promptbench.tune.room import tokens_at_once
from promptbench.tune.trainer import Steps, Tuner, go_on, mean_loss
from promptbench.tune.watch import Watcher

# What untrained models said beside the suite in this process, by their digest.
SEEN: dict[tuple[str, tuple[Example, ...]], float | None] = {}


@dataclass(frozen=True, slots=True)
class Losses:
    """Mean losses in nats a token of one state of the model; None where nothing could be asked."""

    dev: float | None
    probe: float | None
    witness: float


@dataclass(frozen=True, slots=True)
class Bench:
    """A loaded model and all that measures it."""

    material: Material
    model: Any
    objective: Objective
    most: int
    asked: tuple[Example, ...]

    def witness(self) -> float:
        """The loss of a few training examples."""
        return witness_loss(self.model, self.objective, self.material, self.most)

    def dev_loss(self) -> float | None:
        """The loss of the dev split, where it is watched."""
        if not self.material.dev or self.material.recipe.stop_on == "none":
            return None
        return mean_loss(self.model, self.material.dev, self.objective, self.most)

    def probe_loss(self) -> float | None:
        """The loss of what lies beside the suite."""
        if not self.asked:
            return None
        return mean_loss(self.model, self.asked, self.objective, self.most)


class Keeper:
    """Writes weights, and remembers what the model said when it did, over all sittings."""

    def __init__(self, bench: Bench, building: Path) -> None:
        """Nothing is written yet, or what an earlier sitting noted."""
        self.bench = bench
        self.note = building / "kept.json"
        said = read_note(self.note)
        self.witness = float(said.get("witness", "nan"))
        self.dev: float | None = said.get("dev")
        self.seen: float | None = None

    def look(self) -> float:
        """The loss of the dev split now."""
        found = self.bench.dev_loss()
        assert found is not None
        self.seen = found
        return found

    def __call__(self, folder: Path) -> None:
        """Write the weights as they are now."""
        write_weights(self.bench.model, folder, self.bench.material.spec)
        self.witness = self.bench.witness()
        self.dev = self.seen
        write_note(self.note, {"witness": self.witness, "dev": self.dev})


def train(material: Material, options: TuneOptions, building: Path, watcher: Watcher) -> None:
    """Train, and leave a checked checkpoint with its manifest in `building/model`."""
    keep_freed_memory()
    logging.set_verbosity_error()
    set_seed(material.recipe.seed)
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    bench = bench_for(material, options, device)
    watcher.note("measuring the untrained model ...")
    before = untrained(bench)
    keeper = Keeper(bench, building)
    target = building / "model"
    said = learn(bench, keeper, target, device, watcher)
    release(bench.model)
    conclude(bench, keeper, before, said, target, watcher)


def learn(
    bench: Bench, keeper: Keeper, target: Path, device: str, watcher: Watcher
) -> dict[str, Any]:
    """All steps, from the last saved one on; the weights to keep lie in `target` then.

    Returns what there is to say of it. The optimizer, twice the size of what it trains, ends here.
    """
    material, building = bench.material, target.parent
    recipe = material.recipe
    steps = plan_steps([e.tokens for e in material.train], recipe.batch, recipe.epochs, recipe.seed)
    course = course_for(bench, building, keeper, watcher)
    tuner = Tuner(
        bench.model,
        arguments(material, building, len(steps), device),
        Steps(material.train, steps),
        bench.objective,
        bench.most,
    )
    tuner.add_callback(course)
    tuner.add_callback(Report(watcher))
    go_on(tuner, last_state(building))
    settle(course, keeper, target)
    done = tuner.state.global_step
    return {
        **facts(material, steps[:done], len(steps)),
        "losses": [
            round(float(log["loss"]), 5) for log in tuner.state.log_history if "loss" in log
        ],
        "looks": [[look.epoch, look.step, look.value] for look in course.looks],
        "best": course.leader.epoch if course.leader else None,
        "seconds": round(course.seconds, 1),
        "probes": len(bench.asked),
    }


def untrained(bench: Bench) -> Losses:
    """What the model says before it learns. A curve asks one base the same again and again."""
    asked = (bench.material.checkpoint.digest, bench.asked)
    if asked not in SEEN:
        SEEN[asked] = bench.probe_loss()
    return Losses(bench.dev_loss(), SEEN[asked], bench.witness())


def bench_for(material: Material, options: TuneOptions, device: str) -> Bench:
    """Load the model and choose how its loss is computed."""
    model = learner(material.checkpoint, material.recipe, material.labels, device)
    objective = objective_for(model, material.checkpoint, material.tokenizer, material.train)
    most = tokens_at_once(model, material.train, options.max_memory)
    return Bench(material, model, objective, most, tuple(general(material)))


def general(material: Material) -> list[Example]:
    """Questions that have nothing to do with the suite; a head cannot be asked them."""
    if material.recipe.method == "head":
        return []
    known = [text for case in material.cases for text in leaves(case.variables)]
    known += [text for case in material.cases for text in leaves(case.references)]
    return probe_examples(
        probes(known),
        material.tokenizer,
        material.checkpoint.family,
        material.checkpoint.context,
    )


def course_for(bench: Bench, building: Path, keeper: Keeper, watcher: Watcher) -> Course:
    """What is looked at after each epoch, as the recipe says."""
    material = bench.material
    recipe = material.recipe
    look: Callable[[], float] | None = None
    higher = False
    if recipe.stop_on == "loss" and material.dev:
        look = keeper.look
    elif recipe.stop_on == "metric" and material.dev:
        higher = higher_is_better(material.suite)

        def look() -> float:
            return score_now(bench, building / "look")

    if look is None and recipe.stop_on != "none":
        watcher.note(
            "the suite has no dev split with known answers: the weights of the last step are kept"
        )
    an_epoch = steps_an_epoch(len(material.train), recipe.batch)
    return Course(building, recipe, an_epoch, look, keeper, watcher, higher=higher)


def score_now(bench: Bench, folder: Path) -> float:
    """The primary metric on dev of the weights as they are now."""
    material = bench.material
    shutil.rmtree(folder, ignore_errors=True)
    write_weights(bench.model, folder, material.spec)
    copy_tokenizer(material, folder)
    write_manifest(folder, "finetune", {"base": base_of(material)})
    try:
        head = material.recipe.method == "head"
        return dev_score(material.suite, material.prompt.name, folder, head=head)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def arguments(material: Material, building: Path, steps: int, device: str) -> TrainingArguments:
    """The Trainer's settings: AdamW, a linear schedule with warm-up, one epoch of planned steps."""
    recipe = material.recipe
    return TrainingArguments(
        output_dir=str(building),
        max_steps=steps,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=round(recipe.warmup * steps),
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.clip,
        optim="adamw_torch_fused",
        seed=recipe.seed,
        use_cpu=device == "cpu",
        bf16=device == "cuda",
        logging_steps=1,
        save_strategy="no",
        eval_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        per_device_train_batch_size=1,
    )


def settle(course: Course, keeper: Keeper, target: Path) -> None:
    """Put the weights to keep into their place: the best that was seen, or the last."""
    shutil.rmtree(target, ignore_errors=True)
    if course.leader is None:
        keeper(target)
    else:
        shutil.copytree(course.best, target)


def conclude(
    bench: Bench,
    keeper: Keeper,
    before: Losses,
    said: dict[str, Any],
    target: Path,
    watcher: Watcher,
) -> None:
    """Open what was written, see that it is what was trained, and write its manifest."""
    watcher.note("checking the checkpoint ...")
    material = bench.material
    copy_tokenizer(material, target)
    back = reopened(material, target)
    after = Bench(material, back.model, back.objective, bench.most, bench.asked)
    refuse_unapplied(before.witness, keeper.witness, after.witness())
    dev = keeper.dev if keeper.dev is not None else after.dev_loss()
    said["dev_loss"] = [before.dev, dev]
    said["probe_loss"] = [before.probe, after.probe_loss()]
    write_manifest(target, "finetune", said)
    refuse_other_prompts(material, target)
    release(back.model)


def copy_tokenizer(material: Material, target: Path) -> None:
    """The base's tokenizer, chat template and settings for writing, byte for byte.

    An adapter uses the base's own.
    """
    if material.recipe.method == "lora":
        return
    for path in copied_files(material.checkpoint.folder):
        shutil.copyfile(path, target / path.name)

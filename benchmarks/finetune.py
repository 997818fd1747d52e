"""Full fine-tuning: ours against the plain Trainer of transformers, in turn in one sitting."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.local_engine import HERE, run, tell
from promptbench.suite.read import read_suite
from promptbench.tune.material import Material, gather
from promptbench.tune.option import TuneOptions
from promptbench.tune.recipe import Wish

ROOT = HERE.parent


def main() -> None:
    """Measure and print; the last line is for machines."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs=2, metavar=("SYSTEM", "OUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        system, out = arguments.only
        Path(out).write_text(json.dumps(SYSTEMS[system](material(arguments))))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments, Path(folder) / "found.json")


def measure(arguments: argparse.Namespace, out: Path) -> None:
    """All runs in turn, each in a process of its own, then what they came to."""
    shape = ["--cases", arguments.cases, "--epochs", arguments.epochs]
    found: dict[str, list[dict[str, Any]]] = {system: [] for system in SYSTEMS}
    for number in range(arguments.rounds):
        for system, results in found.items():
            command = [sys.executable, "-m", "benchmarks.finetune", *shape, "--only", system]
            results.append(run(command, out))
            tell(system, number, results[-1])
    ours, theirs = found.values()
    print(
        f"{'':12} {'steps':>6} {'seconds':>8} {'peak GB':>8} {'dev loss, before':>17} {'after':>7}"
    )
    for system, results in found.items():
        wall, peak = median(r["wall"] for r in results), max(r["peak_gb"] for r in results)
        steps, before, after = (results[-1][key] for key in ("steps", "before", "after"))
        print(f"{system:12} {steps:6} {wall:8.1f} {peak:8.2f} {before:17.4f} {after:7.4f}")
    ratio = median(r["wall"] for r in theirs) / median(r["wall"] for r in ours)
    memory = max(r["peak_gb"] for r in ours) / max(r["peak_gb"] for r in theirs)
    apart = abs(ours[-1]["after"] - theirs[-1]["after"])
    print(f"ratio={ratio:.2f} rss_ratio={memory:.2f} dev_loss_apart={apart:.4f}")


def material(arguments: argparse.Namespace) -> Material:
    """The train split of the email suite under its plain prompt, drawn by seed 0."""
    wish = Wish(method="full", epochs=arguments.epochs, batch=4, stop_on="none")
    options = TuneOptions(prompt="plain", model="smollm2", limit=arguments.cases, wish=wish)
    return gather(read_suite(ROOT / "suites" / "email.yaml"), options, lambda message: None)


def ours(given: Material) -> dict[str, Any]:
    """As `promptbench finetune` trains: rows packed, logits for answers only, steps by length."""
    from transformers import set_seed

    from promptbench.model.local.memory import keep_freed_memory
    from promptbench.tune.batch import plan_steps
    from promptbench.tune.trainer import Steps, Tuner
    from promptbench.tune.training import arguments, bench_for

    keep_freed_memory()
    set_seed(given.recipe.seed)
    bench = bench_for(given, TuneOptions(), "cpu")
    recipe = given.recipe
    steps = plan_steps([e.tokens for e in given.train], recipe.batch, recipe.epochs, recipe.seed)
    with tempfile.TemporaryDirectory() as folder:
        settings = arguments(given, Path(folder), len(steps), "cpu")
        made = Steps(given.train, steps)
        return timed(Tuner(bench.model, settings, made, bench.objective, bench.most), given)


def theirs(given: Material) -> dict[str, Any]:
    """As the documentation of transformers has it: padded batches in random order, all logits."""
    from transformers import (
        AutoModelForCausalLM,
        DataCollatorForSeq2Seq,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(given.recipe.seed)
    recipe = given.recipe
    model = AutoModelForCausalLM.from_pretrained(given.checkpoint.folder, dtype="float32")
    model.config.use_cache = False
    rows = [
        {
            "input_ids": [*one.prompt, *one.answer],
            "labels": [-100] * len(one.prompt) + list(one.answer),
        }
        for one in given.train
    ]
    steps = -(-len(rows) // recipe.batch) * recipe.epochs
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            output_dir=folder,
            num_train_epochs=recipe.epochs,
            per_device_train_batch_size=recipe.batch,
            learning_rate=recipe.learning_rate,
            warmup_steps=round(recipe.warmup * steps),
            weight_decay=recipe.weight_decay,
            max_grad_norm=recipe.clip,
            seed=recipe.seed,
            use_cpu=True,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
        )
        collate = DataCollatorForSeq2Seq(given.tokenizer.inner)
        trainer = Trainer(model=model, args=settings, train_dataset=rows, data_collator=collate)
        return timed(trainer, given)


def timed(trainer: Any, given: Material) -> dict[str, Any]:
    """Train; the losses on dev are taken outside of the time, and with one yardstick."""
    before = dev_loss(trainer.model, given)
    started = time.perf_counter()
    trainer.train()
    wall = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "wall": wall,
        "peak_gb": peak,
        "steps": trainer.state.global_step,
        "before": before,
        "after": dev_loss(trainer.model, given),
    }


def dev_loss(model: Any, given: Material) -> float:
    """The mean loss on dev in nats a token, one email at a time, as transformers computes it."""
    import torch

    was = model.config._attn_implementation
    model.set_attn_implementation("sdpa")
    model.eval()
    total = 0.0
    with torch.inference_mode():
        for one in given.dev:
            ids = torch.tensor([[*one.prompt, *one.answer]])
            labels = torch.tensor([[-100] * len(one.prompt) + list(one.answer)])
            loss = model(input_ids=ids, labels=labels, use_cache=False).loss
            total += float(loss) * len(one.answer)
    model.set_attn_implementation(was)
    return total / sum(len(one.answer) for one in given.dev)


SYSTEMS = {"promptbench": ours, "Trainer": theirs}


if __name__ == "__main__":
    main()

"""Run transformers' Trainer over a stream of examples so that a kill costs little."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from promptbench.disk import write_whole
from promptbench.pretrain.schedule import Schedule
from promptbench.pretrain.task import Stream, collate
from promptbench.pretrain.unfinished import WHOLE, Unfinished
from promptbench.tune.callback import Report
from promptbench.tune.trainer import go_on
from promptbench.tune.watch import Watcher

# States saved over a whole training: what a kill costs is the way since the last one.
SAVES = 20


def run_trainer(
    model: Any, stream: Stream, schedule: Schedule, unfinished: Unfinished, watcher: Watcher
) -> float:
    """Train the model in place, from the last saved state if there is one; wall seconds in all."""
    last = unfinished.saved()
    before = float((last / WHOLE).read_text(encoding="utf-8")) if last else 0.0
    clock = Clock(before)
    steps = len(stream) // schedule.batch
    trainer = Trainer(
        model=model,
        args=arguments(unfinished.folder, schedule, steps),
        data_collator=collate,
        train_dataset=stream,
        callbacks=[Report(watcher), clock],
    )
    trainer.remove_callback(PrinterCallback)  # it prints to stdout
    go_on(trainer, last)
    return clock.seconds()


def arguments(folder: Path, schedule: Schedule, steps: int) -> TrainingArguments:
    """AdamW with a warm-up and a cosine, as transformers' Trainer reads it.

    The second moment forgets sooner (0.95) than by default (0.999), because the training is short:
    Brown et al. 2020, appendix B.
    """
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=schedule.batch,
        train_sampling_strategy="sequential",  # the stream has the order
        learning_rate=schedule.rate,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, steps // 10),
        weight_decay=0.1,
        adam_beta2=0.95,
        max_grad_norm=1.0,
        seed=schedule.seed,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_steps=max(1, steps // SAVES),
        save_total_limit=2,
        disable_tqdm=True,
        report_to="none",
        dataloader_pin_memory=False,
        remove_unused_columns=False,
    )


class Clock(TrainerCallback):
    """Marks a saved state as whole once it is, with the seconds that the training took so far."""

    def __init__(self, before: float) -> None:
        """`before` are the seconds of earlier sittings."""
        self.before = before
        self.started = time.monotonic()

    def seconds(self) -> float:
        """Wall seconds of all sittings."""
        return self.before + time.monotonic() - self.started

    def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """The Trainer has written the last of its files."""
        saved = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        os.sync()
        write_whole(saved / WHOLE, f"{self.seconds():.3f}")

"""Between transformers' Trainer and whoever watches a training."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from promptbench.tune.watch import Watcher


class Report(TrainerCallback):
    """Tells a watcher what the Trainer logs; needs `logging_steps=1`."""

    def __init__(self, watcher: Watcher) -> None:
        """Nothing is told before the training begins."""
        self.watcher = watcher

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Say how much there is to do."""
        self.watcher.planned(state.max_steps, state.global_step)

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **more: Any
    ) -> None:
        """Pass on a step's loss."""
        if logs and "loss" in logs:
            self.watcher.stepped(state.global_step, float(logs["loss"]))

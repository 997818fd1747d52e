"""transformers' Trainer, fed with whole steps planned beforehand and with our own loss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from promptbench.error import RunError
from promptbench.tune.batch import pieces
from promptbench.tune.example import Example
from promptbench.tune.objective import Objective


class Steps(Dataset[list[Example]]):
    """All steps of a training in their order: an item is what one step learns from."""

    def __init__(self, examples: Sequence[Example], steps: Sequence[Sequence[int]]) -> None:
        """`steps` lists the numbers of the examples."""
        self.examples = examples
        self.steps = steps

    def __len__(self) -> int:
        """How many steps there are."""
        return len(self.steps)

    def __getitem__(self, number: int) -> list[Example]:
        """The examples of a step."""
        return [self.examples[i] for i in self.steps[number]]


class Tuner(Trainer):
    """A Trainer whose step is cut into pieces of at most `most` tokens, weighed exactly.

    The loss is the mean over all answer tokens of a step, whatever pieces it is cut into.
    """

    def __init__(
        self,
        model: Any,
        arguments: TrainingArguments,
        steps: Steps,
        objective: Objective,
        most: int,
    ) -> None:
        """Take transformers' own printing away: a watcher is told instead."""
        super().__init__(model=model, args=arguments, train_dataset=steps)
        self.objective = objective
        self.most = most
        for kind in (PrinterCallback, ProgressCallback):
            self.remove_callback(kind)

    def get_train_dataloader(self) -> DataLoader[list[Example]]:
        """The steps as they were planned."""
        # One step an item, and not batch_size=None: a resumed training skips items of a sampler.
        return DataLoader(self.train_dataset, batch_size=1, collate_fn=lambda rows: rows[0])

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> Any:
        """A step's examples; their number needs no counting."""
        samples = []
        for _ in range(num_batches):
            try:
                samples.append(next(epoch_iterator))
            except StopIteration:
                break
        return samples, None

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Tensor:
        """Forward and backward, piece by piece. Returns the step's mean loss in nats a token."""
        model.train()
        whole = sum(self.objective.weight(row) for row in inputs)
        total = torch.zeros((), device=model.device)
        for piece in pieces(inputs, self.most):
            with self.compute_loss_context_manager():
                loss = self.objective.loss(model, piece) / whole
            self.accelerator.backward(loss)
            total += loss.detach()
        return total


def go_on(trainer: Trainer, state: Path | None) -> None:
    """Train from a saved state on, or from the beginning.

    Raises RunError for a state that holds more than numbers: torch opens nothing else in it.
    """
    try:
        trainer.train(resume_from_checkpoint=str(state) if state else None)
    except (UnpicklingError, EOFError) as error:
        raise RunError(
            "a saved state of the training is damaged, or wants to run code: it was not opened",
            where=str(state),
            hint="This command did not write it so. Begin anew with --fresh.",
        ) from error


@torch.inference_mode()
def mean_loss(model: Any, examples: Sequence[Example], objective: Objective, most: int) -> float:
    """Mean loss over all answer tokens of some examples, in nats a token."""
    was = model.training
    model.eval()
    total = sum(float(objective.loss(model, piece)) for piece in pieces(examples, most))
    model.train(was)
    return total / sum(objective.weight(row) for row in examples)

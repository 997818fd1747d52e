"""Is a written checkpoint what was trained? It is opened as a run would open it, and asked."""

from __future__ import annotations

import gc
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from promptbench.error import RunError
from promptbench.model.local.adapter import is_adapter, with_adapter
from promptbench.model.local.checkpoint import Checkpoint, read_checkpoint
from promptbench.model.local.load import Place, load
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.tune.learner import objective_for
from promptbench.tune.material import Material
from promptbench.tune.objective import Objective
from promptbench.tune.trainer import mean_loss

WITNESSES = 4  # examples that are asked before and after
TOLERANCE = 1e-3
BUG = "Nothing was kept under the checkpoint's name. Please report it as a bug of promptbench."


@dataclass(frozen=True, slots=True)
class Reopened:
    """A checkpoint as it came back from the disk, ready to be measured."""

    model: Any
    objective: Objective


def reopened(material: Material, folder: Path) -> Reopened:
    """Open what was written. Raises ModelError for a missing tensor or an adapter that fits not."""
    checkpoint = written(material, folder)
    model = load(checkpoint, Place("cpu", "float32"))
    objective = objective_for(model, checkpoint, material.tokenizer, material.train)
    return Reopened(model, objective)


def written(material: Material, folder: Path) -> Checkpoint:
    """The checkpoint in a folder: whole, or an adapter on the base."""
    if is_adapter(folder):
        return with_adapter(material.checkpoint, folder)
    return read_checkpoint(folder)


def witness_loss(model: Any, objective: Objective, material: Material, most: int) -> float:
    """The mean loss of a few training examples."""
    return mean_loss(model, material.train[:WITNESSES], objective, most)


def refuse_unapplied(untrained: float, trained: float, found: float) -> None:
    """The checkpoint must say what the trained model said, and not what the untrained one did.

    All three are mean losses of the witnesses. Raises RunError.
    """
    if not math.isfinite(found):
        hint = "Lower the learning rate (--lr)."
        raise RunError("the trained weights are not finite numbers: the training broke", hint=hint)
    if not math.isclose(found, trained, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
        what = f"the written checkpoint is not what was trained (loss {found:.4f}, {trained:.4f})"
        raise RunError(what, hint=BUG)
    if found == untrained:
        raise RunError(
            "the training changed nothing: the checkpoint answers exactly as its base",
            hint="Raise --epochs or --lr.",
        )


def refuse_other_prompts(material: Material, folder: Path) -> None:
    """A run must send the very ids that were trained on: every prompt is made anew and compared.

    `folder` holds the finished checkpoint with its manifest. Raises RunError.
    """
    model = open_model(str(folder), Setup(material.suite.workspace))
    trained = ((one.case_id, ids) for one in material.train for ids in one.prompts)
    for messages, (name, ids) in zip(material.lesson.prompts, trained, strict=True):
        if model.encode(messages).ids != ids:
            what = f"case {name} is trained on other token ids than a run would send"
            raise RunError(what, hint=BUG)


def release(model: Any) -> None:
    """Give a model's memory back, and that of an optimizer that nobody uses any more."""
    model.to("meta")
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

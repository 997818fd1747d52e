"""How a model is trained: what the user chose, and for the rest what suits its family."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from promptbench.error import InputError, ModelError, choices
from promptbench.model.protocol import Family

Method = Literal["full", "lora", "head"]
StopOn = Literal["loss", "metric", "none"]

# A model with fewer parameters was made from nothing on little text, and learns with large steps.
TINY = 30_000_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user may choose; None leaves it to the family's defaults.

    `batch` is cases a step. `stop_on` says what is watched on the dev split after each epoch:
    the loss, the suite's primary metric, or nothing.
    """

    method: str | None = None
    learning_rate: float | None = None
    epochs: int | None = None
    batch: int | None = None
    rank: int | None = None
    patience: int = 1
    stop_on: StopOn = "loss"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """All settings of a training that can change its result."""

    method: Method
    learning_rate: float
    epochs: int
    batch: int
    seed: int
    patience: int
    stop_on: StopOn
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip: float = 1.0
    rank: int = 0

    def canonical(self) -> dict[str, Any]:
        """The settings as JSON can hold them."""
        return asdict(self)


# Learning rate, epochs, cases a step. Encoders: the largest rate and the smaller batch that Devlin
# et al. 2019 (BERT, appendix A.3) search, and more epochs than theirs, as Zhang et al. 2021
# (Revisiting Few-sample BERT Fine-tuning) advise for little data. T5: the page on it in the
# documentation of transformers names 1e-4 and 3e-4 for AdamW. LoRA: ten times the rate of full
# tuning (Schulman et al. 2025, LoRA Without Regret).
DEFAULTS: dict[tuple[Family, Method], tuple[float, int, int]] = {
    ("decoder-only", "full"): (2e-5, 3, 4),
    ("decoder-only", "lora"): (2e-4, 3, 4),
    ("encoder-decoder", "full"): (2e-4, 5, 8),
    ("encoder-decoder", "lora"): (1e-3, 5, 8),
    ("encoder-only", "head"): (5e-5, 10, 16),
}
TINY_RATE = 5e-4


def recipe_for(wish: Wish, family: Family, parameters: int) -> Recipe:
    """Fill a wish up for a model. Raises InputError for a method that the family has not."""
    method = method_for(wish.method, family)
    rate, epochs, batch = DEFAULTS[family, method]
    if parameters < TINY and method != "lora":
        rate = max(rate, TINY_RATE)
    return Recipe(
        method=method,
        learning_rate=wish.learning_rate or rate,
        epochs=wish.epochs or epochs,
        batch=wish.batch or batch,
        seed=wish.seed,
        patience=wish.patience,
        stop_on=wish.stop_on,
        rank=(wish.rank or 16) if method == "lora" else 0,
    )


def method_for(wished: str | None, family: Family) -> Method:
    """The method wished for, or the first that the family has."""
    allowed = [method for kind, method in DEFAULTS if kind == family]
    if not allowed:
        raise ModelError(
            f"a model of the family {family} cannot be trained here",
            hint="Take a local checkpoint: decoder-only, encoder-decoder or encoder-only.",
        )
    for method in allowed:
        if wished in (None, method):
            return method
    what = f"there is no method '{wished}' for {family} models"
    raise InputError(what, hint=choices(str(wished), allowed))

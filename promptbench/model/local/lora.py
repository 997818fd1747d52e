"""What an adapter's config asks of peft: its patterns tried here, in time, and handed on as names.

peft runs them with Python's `re`, which nobody can stop, and makes room for any rank.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from promptbench.error import ModelError
from promptbench.suite.pattern import compiled

SECONDS = 5.0  # for all patterns together
ALL_LINEAR = "all-linear"  # peft's own word, no pattern
PLAIN = re.compile(r"[\w.]+")
FACTOR = ".lora_A.weight"
PREFIX = "base_model.model."
# A rank is seldom above 256, and never of use above the model's width.
USUAL_RANK, MOST_RANK = 256, 4096
MOST_LAYERS = 1000
# "pissa_niter_16": how often a decomposition is refined.
ROUNDS = re.compile(r"\d{3,}")


class Names:
    """The modules of a model, looked through within a time."""

    def __init__(self, names: Iterable[str]) -> None:
        """The time begins now."""
        self.names = tuple(names)
        self.until = time.monotonic() + SECONDS

    def found(self, pattern: str) -> set[str]:
        """Those that a pattern fits. Raises ValueError for none, TimeoutError past the time."""
        made = compiled(pattern)
        return {n for n in self.names if made.fullmatch(n, timeout=self.left())}

    def left(self) -> float:
        """Seconds that are left. Raises TimeoutError if there are none."""
        if (left := self.until - time.monotonic()) <= 0:
            raise TimeoutError
        return left


def settle(
    config: Any, modules: Mapping[str, Any], stored: Mapping[str, Any], folder: Path
) -> None:
    """Take all patterns out of peft's config for an adapter with these tensors.

    `modules` are the model's, by name. Raises ModelError for a pattern that takes long, a rank
    that no tensor has, and what else has no end.
    """
    factors = {
        name.removeprefix(PREFIX).removesuffix(FACTOR): tensor
        for name, tensor in stored.items()
        if name.endswith(FACTOR)
    }
    try:
        refuse_large(config, ranks(factors, modules))
        for name in ("modules_to_save", "layers_pattern"):
            refuse_patterns(name, getattr(config, name))
        places = Names(modules)
        for name in ("target_modules", "exclude_modules"):
            said = getattr(config, name)
            if isinstance(said, str) and said.lower() != ALL_LINEAR:
                setattr(config, name, places.found(said))
        places = Names(factors)
        for name in ("rank_pattern", "alpha_pattern"):
            setattr(config, name, exact(getattr(config, name) or {}, places))
    except TimeoutError as error:
        what = f"the patterns of the adapter took longer than {SECONDS:g} s"
        raise ModelError(what, where=str(folder)) from error
    except (ValueError, TypeError) as error:
        what = f"the adapter's config is not usable: {error}"
        raise ModelError(what, where=str(folder)) from error


def exact(patterns: Mapping[str, Any], places: Names) -> dict[str, Any]:
    """The same with the names of places in the patterns' stead: of each the first that fits it."""
    found: dict[str, Any] = {}
    for pattern, value in patterns.items():
        for name in places.found(rf"(.*\.)?({pattern})"):
            found.setdefault(f"^{re.escape(name)}", value)
    return found


def refuse_patterns(name: str, said: Any) -> None:
    """Raise ValueError where names are expected and something else stands."""
    for one in [said] if isinstance(said, str) else said or ():
        if not isinstance(one, str) or not PLAIN.fullmatch(one):
            raise ValueError(f"{name} holds {one!r:.60}, which is no name")


def ranks(factors: Mapping[str, Any], modules: Mapping[str, Any]) -> list[int]:
    """The ranks of first factors, [rank, inputs], that fit their modules."""
    weights = ((getattr(modules.get(name), "weight", None), t) for name, t in factors.items())
    return [
        tensor.shape[0]
        for weight, tensor in weights
        if weight is not None and tensor.ndim == 2 and tensor.shape[1] in weight.shape
    ]


def refuse_large(config: Any, ranks: Collection[int]) -> None:
    """Raise ValueError for a rank that is not in the tensors, and for what has no end."""
    most = min(MOST_RANK, max(USUAL_RANK, *ranks)) if ranks else USUAL_RANK
    for rank in (config.r, *(config.rank_pattern or {}).values()):
        if type(rank) is not int or not 0 < rank <= most:
            raise ValueError(f"a rank of {rank!r:.20}, and its tensors have {most:,} at most")
    if ROUNDS.search(f"{config.init_lora_weights} {config.loftq_config}"):
        raise ValueError("its beginning takes hundreds of rounds")
    if sum(end - start for start, end in config.layer_replication or ()) > MOST_LAYERS:
        raise ValueError(f"it makes more than {MOST_LAYERS:,} layers")

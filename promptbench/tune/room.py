"""How many tokens a step may compute at once, so that it stays within a memory budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptbench.error import ModelError
from promptbench.tune.example import Example

# More at once is no faster on a CPU: its multiplications are full by then.
USUAL = 1024

# Numbers that a layer keeps for each token until the backward pass, in widths of the model and of
# its feed-forward part: norms, queries, keys, values, sums; gate, product and activation.
WIDTHS, INNER = 14, 5


def tokens_at_once(model: Any, examples: Sequence[Example], max_memory: int | None) -> int:
    """The most tokens of a piece of a step.

    Where `max_memory` (bytes, beside weights and optimizer) does not hold the longest example,
    activations are computed twice instead of kept (gradient checkpointing). Raises ModelError if
    that does not suffice.
    """
    longest = max(one.tokens for one in examples)
    if max_memory is None:
        return max(USUAL, longest)
    most = int(max_memory / kept_bytes(model))
    if most >= longest:
        return min(most, max(USUAL, longest))
    recompute(model)
    needed = longest * checkpointed_bytes(model)
    if needed > max_memory:
        raise ModelError(
            f"the longest case ({longest:,} tokens) needs about {needed / 1e6:,.0f} MB beside"
            f" weights and optimizer; --max-memory allows {max_memory / 1e6:,.0f} MB",
            hint="Raise it, shorten the case, or take a smaller model.",
        )
    return longest


def recompute(model: Any) -> None:
    """Switch gradient checkpointing on, under the name that this transformers has for it."""
    now = getattr(model, "activation_checkpointing_enable", None)
    (now or model.gradient_checkpointing_enable)()


def kept_bytes(model: Any) -> float:
    """Bytes that a token's activations take in all layers, in fp32."""
    width, inner, layers = shape_of(model)
    return 4.0 * layers * (WIDTHS * width + INNER * inner)


def checkpointed_bytes(model: Any) -> float:
    """Bytes of a token if only a layer's input is kept, and one layer is computed again."""
    width, inner, layers = shape_of(model)
    return 4.0 * (layers * width + WIDTHS * width + INNER * inner)


def shape_of(model: Any) -> tuple[int, int, int]:
    """Width, feed-forward width and number of layers, under the names that configs give them."""
    config = model.config
    width = first(config, "hidden_size", "n_embd", "d_model")
    inner = first(config, "intermediate_size", "n_inner", "d_ff") or 4 * width
    layers = first(config, "num_hidden_layers", "n_layer", "num_layers")
    return width, inner, layers + (getattr(config, "num_decoder_layers", None) or 0)


def first(config: Any, *names: str) -> int:
    """The first of some settings that a config has."""
    return next((int(v) for name in names if (v := getattr(config, name, None))), 0)

"""Choose how a model is run: the fastest runner that computes what transformers computes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from promptbench.model.local.attention import Block, Bunch, Decoding, Piece, Shared, Step
from promptbench.model.local.cache import Keys
from promptbench.model.local.llama import ARCHITECTURES, LlamaRunner
from promptbench.model.local.runner import Runner

PROBE = [5, 3, 8, 1, 9, 2, 7, 4, 6, 5, 3, 8]
# What a token may see in layers that ours serve. Others may be alike up to the probe's length.
SEEN = {"full_attention", "sliding_attention"}
# Of the largest logit: rounding, and not another computation.
TOLERANCE, HALF_TOLERANCE = 1e-3, 5e-2


def runner_for(model: Any) -> Runner | None:
    """The fastest runner that computes what transformers computes for this model.

    None if its layers do not call transformers' attention interface, or use it in a way that ours
    does not serve: such a model runs in padded batches.
    """
    if not SEEN.issuperset(getattr(model.config, "layer_types", None) or ()):
        return None
    kinds = [LlamaRunner, Runner] if model.config.model_type in ARCHITECTURES else [Runner]
    usual = model.config._attn_implementation
    expected = plain_logits(model)
    for kind in kinds:
        try:
            runner = kind(model)
            if runner.shape.layers and agrees(runner, expected):
                runner.settle()
                return runner
        except (AttributeError, IndexError, ValueError, NotImplementedError):
            continue
    model.set_attn_implementation(usual)
    return None


@torch.no_grad()
def plain_logits(model: Any) -> Tensor:
    """What transformers computes after the probe's tokens, by its own attention."""
    ids = torch.tensor([PROBE], device=model.device)
    logits: Tensor = model(input_ids=ids, use_cache=False).logits[0, -1].float().cpu()
    return logits


@torch.no_grad()
def agrees(runner: Runner, expected: Tensor) -> bool:
    """Read the probe as a segment, two pieces and a decoded token, and compare."""
    cut, rest = 4, len(PROBE) - 4
    above, own = Keys(runner.shape, 1, cut), Keys(runner.shape, 1, rest)
    segment, end = Block(above, 0, 0, cut), len(PROBE)
    positions = torch.arange(end, device=runner.device)
    zero = one = torch.zeros(1, dtype=torch.long, device=runner.device)
    pieces = [Piece(0, cut, segment, 0), Piece(cut, 3, Block(own, 0, cut, 3), 0)]
    runner.forward(
        PROBE[: cut + 3], Step(positions[: cut + 3], pieces, [Shared(cut, 3, segment)]), []
    )
    middle = Block(own, 0, cut, rest - 1)
    step = Step(
        positions[cut + 3 : end - 1],
        [Piece(0, rest - 4, middle, 3)],
        [Shared(0, rest - 4, segment)],
    )
    runner.forward(PROBE[cut + 3 : end - 1], step, [])
    bunch = Bunch(zero, 0, 1, one + rest - 1, rest, None)
    decoding = Decoding(zero, one + rest - 1, own, (bunch,))
    step = Step(positions[end - 1 :], (), [Shared(0, 1, segment)], decoding)
    found = runner.forward(PROBE[end - 1 :], step, [0])
    return close(found[0], expected, exact=runner.shape.dtype == torch.float32)


def close(found: Tensor, expected: Tensor, *, exact: bool = True) -> bool:
    """Whether logits are the same but for rounding, which is coarser where they are not `exact`."""
    tolerance = TOLERANCE if exact else HALF_TOLERANCE
    return bool((found - expected).abs().max() <= tolerance * expected.abs().max())

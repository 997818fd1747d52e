"""How many rows of a model may run in one padded batch: as many as transformers alone agrees with.

What a model does with padding, and with what it kept of earlier tokens, is its own affair: some
keep no keys at all, but states that padding changes, or that only their own classes hand on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from promptbench.error import ModelError
from promptbench.model.local.fit import PROBE, close
from promptbench.model.local.generate import MAX_ROWS
from promptbench.model.local.rows import DecoderRows, EncoderDecoderRows

# Two prompts of different lengths, and what is written after each.
PROMPTS = (PROBE, PROBE[3:9])
WRITTEN = (4, 7, 3)
BROKEN = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)

Kind = type[DecoderRows] | type[EncoderDecoderRows]


@torch.inference_mode()
def rows_at_once(model: Any, kind: Kind) -> int:
    """MAX_ROWS, or 1 for a model that does not compute in a batch what it computes alone.

    Raises ModelError for one that cannot go on from what it has read either.
    """
    if agrees(model, kind, PROMPTS):
        return MAX_ROWS
    if all(agrees(model, kind, [prompt]) for prompt in PROMPTS):
        return 1
    raise ModelError(
        f"{model.config.model_type} does not answer here as it does in transformers: it keeps what"
        " it has read in a way that is not served",
        hint="Run it behind a server, such as vLLM, and name that: openai:MODEL@http://...",
    )


def agrees(model: Any, kind: Kind, prompts: Sequence[list[int]]) -> bool:
    """Whether some rows come to the logits that each comes to alone, token for token.

    Before the last token all rows but one are dropped, as they are when they end.
    """
    exact = next(model.parameters()).dtype == torch.float32
    try:
        rows = kind(model)
        logits = rows.start(prompts)
        going = list(prompts)
        for count, token in enumerate(WRITTEN):
            alone = [whole(model, kind, prompt, WRITTEN[:count]) for prompt in going]
            if not all(bool(torch.isfinite(expected).all()) for expected in alone):
                return True  # no numbers at all: whoever generates says so
            pairs = zip(logits, alone, strict=True)
            if not all(close(found, expected, exact=exact) for found, expected in pairs):
                return False
            if len(going) > 1 and count == len(WRITTEN) - 2:
                rows.keep([1])
                going = going[1:]
            logits = rows.step([token] * len(going))
        return close(logits[0], whole(model, kind, going[0], WRITTEN), exact=exact)
    except BROKEN:
        return False


def whole(model: Any, kind: Kind, prompt: list[int], written: Sequence[int]) -> Tensor:
    """The logits after a prompt and what was written, all read at once."""
    device = model.device
    if kind is EncoderDecoderRows:
        begun = torch.tensor([[kind(model).first, *written]], device=device)
        read = {"input_ids": torch.tensor([prompt], device=device), "decoder_input_ids": begun}
    else:
        read = {"input_ids": torch.tensor([[*prompt, *written]], device=device)}
    logits: Tensor = model(**read, use_cache=False).logits[0, -1].float().cpu()
    return logits

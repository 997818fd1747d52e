"""Whether a request fits its model's context, and what to do when it does not."""

from __future__ import annotations

from promptbench.model.protocol import Model
from promptbench.record import Request

# A reply may become shorter than it was allowed to where the context ends, but not than this.
SHORTEST = 32


def missing(model: Model, request: Request) -> int:
    """By how many tokens the context is too small for a request; 0 or less if it fits."""
    context = model.info.context
    return request.encoded.tokens + model.room(request.sampling) - context if context else 0


def full(context: int, over: int, kept: int) -> str:
    """What to do when a turn does not fit, which brings so many earlier ones with it."""
    if not kept:
        return f"this is {over:,} tokens too long for the context of {context:,}: say it shorter"
    fewer = "last:6" if kept > 6 else f"last:{kept // 2}" if kept > 1 else "none"
    return (
        f"the context of {context:,} tokens is full ({over:,} more are needed):"
        f" /memory {fewer} goes on with fewer turns, then /retry"
    )

"""The fingerprint of a request: what decides whether a stored completion may be reused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from promptbench.record import Encoded, Message, Sampling

# json.dumps would make one anew for each of a hundred thousand requests.
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def fingerprint(
    identity: str,
    encoded: Encoded,
    messages: Sequence[Message],
    sampling: Sampling,
    repeat: int,
) -> str:
    """SHA-256 over the model's identity, its exact input, the sampling settings and the repeat.

    The identity covers weights, tokenizer, chat template, dtype and engine version. The input is
    the token ids; a server keeps those to itself, so there it is the messages.
    """
    said = [[m.role, m.text] for m in messages] if not encoded.ids else list(encoded.ids)
    parts = [identity, said, sampling.canonical(), repeat]
    text = ENCODER.encode(parts)
    return hashlib.sha256(text.encode()).hexdigest()

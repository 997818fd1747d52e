"""Digests by which ratings tell that they are of this data and these texts: texts in, hex out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from promptbench.record import Case
from promptbench.store.code import case_json

OFFSET, PRIME, SIXTY_FOUR_BITS = 0xCBF29CE484222325, 0x100000001B3, 2**64 - 1


def data_digest(cases: Iterable[Case]) -> str:
    """SHA-256 over a run's cases in their order: ids, variables, references and clusters."""
    digest = hashlib.sha256()
    for case in cases:
        digest.update(case_json(case).encode("ascii") + b"\n")
    return digest.hexdigest()


def text_digest(text: str) -> str:
    """FNV-1a of 64 bits over the text's UTF-16 code units, low byte first, in 16 hex digits.

    The page computes the same (page/session.js); browsers keep SHA-256 from pages that are opened
    as files. It finds a text that changed by accident and keeps off nobody who means harm. Source:
    Fowler, Noll, Vo and others, "The FNV Non-Cryptographic Hash Algorithm" (draft-eastlake-fnv).
    """
    found = OFFSET
    for byte in text.encode("utf-16-le", "surrogatepass"):
        found = (found ^ byte) * PRIME & SIXTY_FOUR_BITS
    return f"{found:016x}"

"""Servers that add to what they are asked: which software runs one, and how to keep it to that.

A setting that a request does not name is the server's to choose. Most choose what changes nothing.
llama-cpp-python's server penalises repetition, and cuts off what is unlikely; it also gives
log-probabilities only to who says of how many other tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LLAMA_CPP_PYTHON = "llama-cpp-python"
# The name that the server has in its own description of itself.
TITLE = "llama.cpp Python API"

PLAIN: Mapping[str, Mapping[str, Any]] = {
    LLAMA_CPP_PYTHON: {"repeat_penalty": 1.0, "top_k": 0, "min_p": 0.0, "top_logprobs": 0},
}


def software_of(description: Any) -> str:
    """What runs a server, with its version, from its OpenAPI description; "" if it is no matter."""
    about = description.get("info") if isinstance(description, Mapping) else None
    if isinstance(about, Mapping) and str(about.get("title", "")).endswith(TITLE):
        return f"{LLAMA_CPP_PYTHON} {about.get('version', '')}".strip()
    return ""


def plain_settings(software: str) -> Mapping[str, Any]:
    """What each request must say so that the server adds nothing to it."""
    return PLAIN.get(software.partition(" ")[0], {})

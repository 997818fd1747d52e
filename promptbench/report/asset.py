"""The page's style sheet and script, and the policy that lets only these two through."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from markupsafe import Markup

FOLDER = Path(__file__).parent / "page"
# One style sheet and one script: what all share comes first, what starts the page last.
STYLES = (
    "report.css",
    "first.css",
    "matrix.css",
    "opened.css",
    "case.css",
    "chat.css",
    "prompts.css",
    "rate.css",
    "print.css",
)
SHARED = ("lib.js", "slices.js", "data.js")
MATRIX = (
    "order.js",
    "filter.js",
    "cells.js",
    "grid.js",
    "table.js",
    "panel.js",
    "tools.js",
    "matrix.js",
)
CASE = ("diff.js", "layer.js", "told.js", "seen.js", "talk.js", "copy.js", "case.js", "opened.js")
SCRIPTS = (
    *SHARED,
    *MATRIX,
    *CASE,
    "prompts.js",
    "session.js",
    "before.js",
    "rate.js",
    "first.js",
    "page.js",
)


def assets(data: str) -> dict[str, Markup]:
    """Give what is put into the page as it is; the policy names the digests of these very bytes."""
    style, script = ("\n".join(map(source, names)) for names in (STYLES, SCRIPTS))
    parts = {"style": style, "script": script, "policy": policy(style, script), "data": data}
    return {name: Markup(text) for name, text in parts.items()}


def policy(style: str, script: str) -> str:
    """Say what a page may do that has this style sheet and script in it: nothing else."""
    return (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def source(name: str) -> str:
    """Read a style sheet or a script."""
    return (FOLDER / name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Say which inline style or script a page's policy lets through."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

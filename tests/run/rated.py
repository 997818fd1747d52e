"""Files of ratings for the tests: a run in the store in, what its page would save out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from promptbench.report.digest import data_digest, text_digest
from promptbench.run.pairing import load
from promptbench.store.database import Store


def rating_file(
    store: Store, run_id: str, verdicts: Sequence[str], *, rater: str = "Ada", turned: bool = False
) -> dict[str, Any]:
    """One rating a case, from the first case on, of the first two candidates."""
    found = load(store, run_id)
    names = [candidate.name for candidate in found.run.candidates]
    texts = {
        (each.candidate, each.case_id): each.completion.text
        for each in found.samples
        if each.completion
    }
    left, right = reversed(names[:2]) if turned else names[:2]
    return {
        "format": "promptbench ratings",
        "version": 1,
        "run": run_id,
        "suite": found.run.suite,
        "data": data_digest(found.cases),
        "rater": rater,
        "started": "2026-01-02T03:04:05.000Z",
        "seed": 7,
        "references": False,
        "candidates": names,
        "wanted": 40,
        "identical": 0,
        "ratings": [
            {
                "case": case.id,
                "left": left,
                "right": right,
                "left_repeat": 0,
                "right_repeat": 0,
                "left_digest": text_digest(texts[left, case.id]),
                "right_digest": text_digest(texts[right, case.id]),
                "verdict": verdict,
                "note": "",
                "seconds": 2.5,
            }
            for case, verdict in zip(found.cases, verdicts, strict=False)
        ],
    }


def put(path: Path, content: dict[str, Any]) -> Path:
    """Write such a file."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path

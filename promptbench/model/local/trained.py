"""What a checkpoint that was fine-tuned here says of its training: a folder in, facts out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from promptbench.model.local.json_file import read_json

# More points of a course than this are not to be told apart in a drawing.
MOST = 60


def trained(folder: Path) -> tuple[tuple[str, str], ...]:
    """Base, data and recipe, each as a name and its text; empty for any other checkpoint."""
    said = _said(folder)
    if not said:
        return ()
    return (
        ("fine-tuned from", str(said["base"]["spec"])),
        ("fine-tuned on", f"{said['data']['train']} cases of {said['suite']}"),
        ("fine-tuned with", f"prompt {said['prompt']['name']}, {said['recipe']['method']}"),
    )


def training(folder: Path) -> Mapping[str, Any]:
    """The course of the training and what came of it, small; empty for any other checkpoint.

    `losses` are means over the steps since the point before, in nats a token (of a head: a case),
    and belong to `steps`; `looks` at dev after an epoch belong to `looked` (steps). `dev_loss` and
    `probe_loss` are before and after, None where they were not taken.
    """
    said = _said(folder)
    if not said or "losses" not in said:
        return {}
    steps, losses = thinned(said["losses"])
    looks = said.get("looks", [])
    return {
        "cases": said["data"]["train"],
        "epochs": said["recipe"].get("epochs"),
        "stop_on": said["recipe"].get("stop_on"),
        "planned": said.get("steps", {}).get("planned", len(said["losses"])),
        "steps": steps,
        "losses": losses,
        "looked": [step for _, step, _ in looks],
        "looks": [value for _, _, value in looks],
        "kept": said.get("best"),
        "dev_loss": said.get("dev_loss", [None, None]),
        "probe_loss": said.get("probe_loss", [None, None]),
        "probes": said.get("probes", 0),
        "seconds": said.get("seconds"),
    }


def thinned(losses: Sequence[float], most: int = MOST) -> tuple[list[int], list[float]]:
    """A loss a step as `most` points at most: the last step of each, and the mean over its own."""
    number = min(len(losses), most)
    ends = [(place + 1) * len(losses) // number for place in range(number)]
    starts = [0, *ends[:-1]]
    means = [
        round(math.fsum(losses[start:end]) / (end - start), 4)
        for start, end in zip(starts, ends, strict=True)
    ]
    return ends, means


def _said(folder: Path) -> Mapping[str, Any]:
    path = folder / "promptbench.json"
    said = read_json(path) if path.is_file() else {}
    return said if said.get("kind") == "finetune" and "data" in said else {}

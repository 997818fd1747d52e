"""The plainest loop: transformers generate, one prompt at a time: python plain.py WORKLOAD OUT."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch

from promptbench.model.local.load import load
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model


def main() -> None:
    """Generate and write seconds and output ids as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workload")
    parser.add_argument("out")
    parser.add_argument("--model", default="smollm2")
    arguments = parser.parse_args()
    prompts = json.loads(Path(arguments.workload).read_text(encoding="utf-8"))["ids"]
    opened = open_model(arguments.model, Setup(Path.cwd()))
    if not isinstance(opened, LocalModel):
        raise SystemExit(f"{arguments.model} does not run in this process")
    model = load(opened.checkpoint, opened.place)
    started = time.perf_counter()
    outputs = [generate(model, ids) for ids in prompts]
    wall = time.perf_counter() - started
    Path(arguments.out).write_text(json.dumps({"wall": wall, "outputs": outputs}))


@torch.inference_mode()
def generate(model: Any, ids: list[int]) -> list[int]:
    """One prompt's greedy output, 64 tokens at most."""
    given = torch.tensor([ids])
    found = model.generate(
        input_ids=given, attention_mask=torch.ones_like(given), do_sample=False, max_new_tokens=64
    )
    return [int(token) for token in found[0, len(ids) :]]


@torch.inference_mode()
def gap(model: Any, ids: list[int], ours: list[int], theirs: list[int]) -> float:
    """How far apart the logits of the first differing tokens are, after the same beginning."""
    same = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b),
        min(len(ours), len(theirs)) - 1,
    )
    logits = model(torch.tensor([ids + theirs[:same]])).logits[0, -1]
    return float((logits[ours[same]] - logits[theirs[same]]).abs())


if __name__ == "__main__":
    main()

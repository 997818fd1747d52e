"""The plainest way to compute an output: transformers, one prompt at a time, nothing shared."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from promptbench.model.local.load import load
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model


def main(workload: str, results: str, spec: str = "smollm2") -> None:
    """Check the outputs of a run of ours.py: python -m benchmarks.plain WORKLOAD RESULTS."""
    prompts = json.loads(Path(workload).read_text(encoding="utf-8"))["ids"]
    outputs = json.loads(Path(results).read_text(encoding="utf-8"))["outputs"]
    print("exact {} of {}, ties {}".format(*check(spec, prompts, outputs)))


def check(spec: str, prompts: list[list[int]], outputs: list[list[int]]) -> tuple[int, int, int]:
    """How many outputs are greedy decoding's, of how many, and how many part at a tie."""
    opened = open_model(spec, Setup(Path.cwd()))
    if not isinstance(opened, LocalModel):
        raise SystemExit(f"{spec} does not run in this process")
    model = load(opened.checkpoint, opened.place)
    gaps = [gap(model, ids, found) for ids, found in zip(prompts, outputs, strict=True)]
    for number, value in enumerate(gaps):
        if value:
            print(f"request {number} differs where two logits are {value:.1e} apart")
    return gaps.count(0.0), len(gaps), sum(0 < value < TIE for value in gaps)


TIE = 1e-4


@torch.inference_mode()
def gap(model: Any, prompt: Sequence[int], output: Sequence[int]) -> float:
    """0 if every token of an output has the largest logit after all that stands before it.

    Then greedy decoding of this prompt alone writes this very output, token for token. Otherwise
    how far the first token that has not falls short.
    """
    ids = torch.tensor([[*prompt, *output[:-1]]])
    logits = model(ids, use_cache=False, logits_to_keep=len(output)).logits[0]
    chosen = logits.gather(1, torch.tensor(output)[:, None])[:, 0]
    short = logits.amax(dim=1) - chosen
    behind = short[short > 0]
    return float(behind[0]) if len(behind) else 0.0


if __name__ == "__main__":
    main(*sys.argv[1:])

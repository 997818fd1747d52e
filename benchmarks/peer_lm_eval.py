"""The peer, lm-eval's hf backend: python peer_lm_eval.py MODEL_DIR WORKLOAD OUT BATCH.

Runs in an environment of its own and imports nothing of promptbench. The workload holds `texts` to
continue or `pairs` of prompt and word to judge; only generate_until or loglikelihood is timed.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM


def main(model_dir: str, workload: str, out: str, batch: str = "8") -> None:
    """Write seconds, texts or log-likelihoods, and peak memory as JSON."""
    asked = json.loads(Path(workload).read_text(encoding="utf-8"))
    size: Any = batch if batch == "auto" else int(batch)
    model = HFLM(
        pretrained=model_dir, device="cpu", dtype="float32", batch_size=size, max_length=2048
    )
    started = time.perf_counter()
    found = choose(model, asked["pairs"]) if "pairs" in asked else write(model, asked["texts"])
    wall = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    Path(out).write_text(json.dumps({"wall": wall, **found, "peak_gb": peak}))


def write(model: Any, texts: list[str]) -> dict[str, Any]:
    """Greedy outputs of at most 64 tokens."""
    settings = {"until": [], "max_gen_toks": 64, "do_sample": False}
    requests = [
        Instance("generate_until", {}, (text, dict(settings)), index)
        for index, text in enumerate(texts)
    ]
    return {"texts": model.generate_until(requests, disable_tqdm=True)}


def choose(model: Any, pairs: list[list[str]]) -> dict[str, Any]:
    """The log-likelihood of each (prompt, word)."""
    requests = [
        Instance("loglikelihood", {}, (prompt, word), index)
        for index, (prompt, word) in enumerate(pairs)
    ]
    return {"values": [value for value, _ in model.loglikelihood(requests, disable_tqdm=True)]}


if __name__ == "__main__":
    main(*sys.argv[1:])

"""promptbench's engine against lm-eval's hf backend, in turn in one sitting; see README.md."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks import plain, workload
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model

HERE = Path(__file__).parent


def main() -> None:
    """Measure and print; the last line is for machines."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--workload", type=Path, help="JSON with `texts` and `ids`")
    parser.add_argument("--emails", type=int, default=48)
    parser.add_argument("--prompts", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batches", default="8", help="lm-eval batch sizes, by comma")
    parser.add_argument("--peer", default=".bench/bin/python", help="a python that has lm-eval")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments, Path(folder))


def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """All runs, then what they came to."""
    prepared = arguments.workload or folder / "workload.json"
    if not arguments.workload:
        built = workload.build(arguments.model, arguments.emails, arguments.prompts)
        prepared.write_text(json.dumps(built))
    prompts = workload.load(prepared)["ids"]
    print(f"{len(prompts)} requests, {sum(map(len, prompts)):,} prompt tokens")
    opened = open_model(arguments.model, Setup(Path.cwd()))
    if not isinstance(opened, LocalModel):
        raise SystemExit(f"{arguments.model} does not run in this process")
    model_dir = str(opened.checkpoint.folder)
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for number in range(arguments.rounds):
        ours.append(run([sys.executable, "-m", "benchmarks.ours", prepared], folder / "o.json"))
        tell("promptbench", number, ours[-1])
        for batch in arguments.batches.split(","):
            peer = [arguments.peer, HERE / "peer_lm_eval.py", model_dir, prepared]
            theirs.append(run(peer, folder / "t.json", batch) | {"batch": batch})
            tell(f"lm-eval, batch {batch}", number, theirs[-1])
    exact, _, ties = plain.check(arguments.model, prompts, ours[-1]["outputs"])
    best = best_batch(theirs)
    ratio = median(t["wall"] for t in best) / median(o["wall"] for o in ours)
    share = ceiling_share(opened, prompts, ours)
    print(f"share of the measured GEMM ceiling: {share:.0%}")
    memory = max(o["peak_gb"] for o in ours) / max(t["peak_gb"] for t in best)
    print(f"ratio={ratio:.2f} exact={exact}/{len(prompts)} ties={ties} rss_ratio={memory:.2f}")


def run(command: list[Any], out: Path, *more: str) -> dict[str, Any]:
    """Run one system in a process of its own and read what it wrote."""
    started = time.perf_counter()
    subprocess.run([*map(str, command), str(out), *more], check=True, env=quiet())
    result: dict[str, Any] = json.loads(out.read_text())
    return result | {"process": time.perf_counter() - started}


def quiet() -> dict[str, str]:
    """The environment, without chatter from libraries."""
    return {**os.environ, "TRANSFORMERS_VERBOSITY": "error", "TOKENIZERS_PARALLELISM": "false"}


def tell(name: str, number: int, result: dict[str, Any]) -> None:
    """One run's line."""
    wall, peak = result["wall"], result["peak_gb"]
    tokens = sum(map(len, result.get("outputs", [])))
    pace = f", {tokens / wall:.1f} tokens/s" if tokens else ""
    print(f"round {number + 1}  {name}: {wall:.1f} s{pace}, peak {peak:.2f} GB", flush=True)


def best_batch(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs of the peer's fastest batch size."""
    by_batch: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        by_batch.setdefault(result["batch"], []).append(result)
    return min(by_batch.values(), key=lambda runs: median(r["wall"] for r in runs))


def ceiling_share(
    opened: LocalModel, prompts: list[list[int]], ours: list[dict[str, Any]]
) -> float:
    """Least time for the multiplications, shared beginnings counted once, over the time taken."""
    from promptbench.model.local.prefix import find_paths

    paths = find_paths([tuple(p) for p in prompts], least=1)
    segments = {segment for path in paths for segment in path.segments}
    read = sum(len(p.own) for p in paths) + sum(len(s.tokens) for s in segments)
    written = sum(map(len, ours[-1]["outputs"]))
    config = opened.checkpoint.config
    head = config["vocab_size"] * config["hidden_size"]
    body = opened.checkpoint.parameters - head
    work = 2 * (body * (read + written) + head * written)
    peak = gemm_peak()
    print(f"{read:,} prompt tokens remain when beginnings are shared")
    print(f"GEMM peak {peak / 1e9:.0f} GFLOP/s")
    return work / peak / median(o["wall"] for o in ours)


def gemm_peak() -> float:
    """FLOP/s of a large fp32 multiplication, the best of several."""
    left, right = torch.randn(2048, 2048), torch.randn(2048, 2048)
    times = []
    for _ in range(12):
        started = time.perf_counter()
        torch.mm(left, right)
        times.append(time.perf_counter() - started)
    return 2 * 2048**3 / min(times)


if __name__ == "__main__":
    main()

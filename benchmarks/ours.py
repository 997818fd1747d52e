"""Run a workload through promptbench's engine: python ours.py WORKLOAD OUT [MODEL]."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.record import Encoded, Request, Sampling


def main(workload: str, out: str, spec: str = "smollm2") -> None:
    """Write seconds, output ids and peak memory as JSON."""
    prompts = json.loads(Path(workload).read_text(encoding="utf-8"))["ids"]
    model = open_model(spec, Setup(Path.cwd()))
    if not isinstance(model, LocalModel):
        raise SystemExit(f"{spec} does not run in this process")
    requests = [
        Request(f"{i:064x}", (), Encoded("", tuple(p), len(p)), Sampling(max_tokens=64))
        for i, p in enumerate(prompts)
    ]
    engine = model.engine
    started = time.perf_counter()
    outputs: dict[int, list[int]] = {}
    for rows in engine.run(requests):
        for row in rows:
            outputs[int(row.request.key, 16)] = row.tokens
    wall = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    found = [outputs[i] for i in range(len(prompts))]
    Path(out).write_text(json.dumps({"wall": wall, "outputs": found, "peak_gb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])

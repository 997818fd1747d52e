"""Log-likelihoods of labels: promptbench's engine against lm-eval's, in turn in one sitting."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.local_engine import HERE, run, tell
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.prompt.template import Template
from promptbench.record import Request
from promptbench.suite.data import read_cases
from promptbench.suite.read import read_suite

ROOT = HERE.parent


def main() -> None:
    """Measure and print; the last line is for machines."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batches", default="8,32", help="lm-eval batch sizes, by comma")
    parser.add_argument("--peer", default=".bench/bin/python", help="a python that has lm-eval")
    parser.add_argument("--ours", nargs=2, metavar=("CASES", "OUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.ours:
        ours(int(arguments.ours[0]), Path(arguments.ours[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments, Path(folder))


def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """All runs, then what they came to."""
    model, requests = workload(arguments.cases)
    prepared = folder / "workload.json"
    pairs = [
        [one.encoded.text, word]
        for one in requests
        for words in (one.sampling.choice.words if one.sampling.choice else ())
        for word in words
    ]
    prepared.write_text(json.dumps({"pairs": pairs}))
    print(f"{len(requests)} prompts x {len(pairs) // len(requests)} labels")
    own: list[dict[str, Any]] = []
    theirs: dict[str, list[dict[str, Any]]] = {}
    for number in range(arguments.rounds):
        command = [sys.executable, "-m", "benchmarks.labels", "--ours", arguments.cases]
        own.append(run(command, folder / "o.json"))
        tell("promptbench", number, own[-1])
        for batch in arguments.batches.split(","):
            peer = [arguments.peer, HERE / "peer_lm_eval.py", model.checkpoint.folder, prepared]
            found = run(peer, folder / "t.json", batch)
            theirs.setdefault(batch, []).append(found)
            tell(f"lm-eval, batch {batch}", number, found)
    best = min(theirs.values(), key=lambda runs: median(r["wall"] for r in runs))
    ratio = median(r["wall"] for r in best) / median(r["wall"] for r in own)
    memory = max(r["peak_gb"] for r in own) / max(r["peak_gb"] for r in best)
    pairs_of = zip(own[-1]["values"], best[-1]["values"], strict=True)
    widest = max(abs(a - b) for a, b in pairs_of)
    print(f"ratio={ratio:.2f} widest_difference={widest:.1e} rss_ratio={memory:.2f}")


def workload(cases: int) -> tuple[LocalModel, list[Request]]:
    """The first test cases of the intent suite under its prompt that lists the labels."""
    suite = read_suite(ROOT / "suites" / "intent.yaml")
    model = open_model("smollm2", Setup(ROOT))
    if not isinstance(model, LocalModel):
        raise SystemExit("the model does not run in this process")
    template = Template("listed", ROOT / "prompts" / "intent" / "listed.j2", "listed", ROOT)
    sampling = next(s for s in suite.samplings.values() if s.choice is not None)
    requests = []
    for number, case in enumerate(islice(read_cases(suite.split("test")), cases)):
        messages = template.render(case, None)
        requests.append(Request(f"{number:064x}", messages, model.encode(messages), sampling))
    return model, requests


def ours(cases: int, out: Path) -> None:
    """Run our engine and write seconds, log-likelihoods and peak memory as JSON."""
    model, requests = workload(cases)
    engine = model.engine
    started = time.perf_counter()
    found = {one.request.key: one for done in engine.run(requests) for one in done}
    wall = time.perf_counter() - started
    values = [v for one in requests for v in found[one.key].completion().choices]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    out.write_text(json.dumps({"wall": wall, "values": values, "peak_gb": peak}))


if __name__ == "__main__":
    main()

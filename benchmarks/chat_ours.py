"""Lead dialogues through promptbench's engine: python -m benchmarks.chat_ours WORKLOAD OUT [MODEL].

Turn i of all dialogues is one call of the engine, and every dialogue is a session.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from promptbench.model.local.engine import PackedEngine
from promptbench.model.local.local import LocalModel
from promptbench.model.local.row import Row
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.record import Message, Request, Sampling

TOKENS = 48  # of a reply, at most


def main(workload: str, out: str, spec: str = "smollm2") -> None:
    """Write seconds, prompts and replies of each turn as ids, peak memory and tokens reused."""
    dialogues = json.loads(Path(workload).read_text(encoding="utf-8"))
    model = open_model(spec, Setup(Path.cwd()))
    if not isinstance(model, LocalModel) or not isinstance(model.engine, PackedEngine):
        raise SystemExit(f"{spec} does not run packed in this process")
    model.encode([Message("user", "The tokenizer is loaded before the clock starts.")])
    started = time.perf_counter()
    prompts, outputs = lead(model, model.engine, dialogues)
    wall = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    result = {"wall": wall, "prompts": prompts, "outputs": outputs, "peak_gb": peak}
    Path(out).write_text(json.dumps({**result, "reused": model.engine.reused}))


def lead(
    model: LocalModel, engine: PackedEngine, dialogues: list[list[str]]
) -> tuple[list[list[list[int]]], list[list[list[int]]]]:
    """All dialogues at once, turn by turn: prompts and replies, [dialogue][turn][token]."""
    said: list[list[Message]] = [[] for _ in dialogues]
    prompts: list[list[list[int]]] = [[] for _ in dialogues]
    outputs: list[list[list[int]]] = [[] for _ in dialogues]
    for texts in zip(*dialogues, strict=True):
        requests = []
        for number, text in enumerate(texts):
            said[number].append(Message("user", text))
            encoded = model.encode(said[number])
            prompts[number].append(list(encoded.ids))
            sampling = Sampling(max_tokens=TOKENS)
            requests.append(
                Request(str(number), (), encoded, sampling, session=f"dialogue {number}")
            )
        for rows in engine.run(requests):
            for row in rows:
                if isinstance(row, Row):
                    number = int(row.request.key)
                    outputs[number].append(row.tokens)
                    said[number].append(Message("assistant", row.completion().text))
    return prompts, outputs


if __name__ == "__main__":
    main(*sys.argv[1:])

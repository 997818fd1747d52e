"""promptbench's sessions against transformers, one dialogue at a time; see README.md."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import plain
from benchmarks.local_engine import run
from promptbench.model.local.local import LocalModel
from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model

HERE = Path(__file__).parent
DIALOGUES = HERE.parent / "suites" / "chat_memory" / "dialogues.jsonl"


def main() -> None:
    """Measure and print; the last line is for machines."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--data", type=Path, default=DIALOGUES, help="JSON lines with `turns`")
    parser.add_argument("--dialogues", type=int, default=32)
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--plain-rounds", type=int, default=1, help="rounds that read all anew")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(measure(arguments, Path(folder)))


def measure(arguments: argparse.Namespace, folder: Path) -> str:
    """All runs in turn, then what they came to, as a line."""
    opened = open_model(arguments.model, Setup(Path.cwd()))
    if not isinstance(opened, LocalModel):
        raise SystemExit(f"{arguments.model} does not run in this process")
    workload, out = folder / "dialogues.json", folder / "out.json"
    dialogues = user_texts(arguments.data, arguments.dialogues, arguments.turns)
    workload.write_text(json.dumps(dialogues))
    ours_command = [sys.executable, "-m", "benchmarks.chat_ours", workload]
    peer = [sys.executable, HERE / "peer_chat.py", opened.checkpoint.folder, workload]
    ours: list[dict[str, Any]] = []
    theirs: dict[str, list[dict[str, Any]]] = {"held": [], "plain": []}
    for number in range(arguments.rounds):
        ours.append(run(ours_command, out, arguments.model))
        tell("promptbench", number, ours[-1])
        for way, found in theirs.items():
            if way == "held" or number < arguments.plain_rounds:
                found.append(run(peer, out, way))
                tell(f"transformers, {way}", number, found[-1])
    return verdict(arguments.model, ours, theirs)


def verdict(
    model: str, ours: list[dict[str, Any]], theirs: Mapping[str, list[dict[str, Any]]]
) -> str:
    """Ratios of time and memory, and whether the replies are those of greedy decoding."""
    prompts = [ids for turns in ours[-1]["prompts"] for ids in turns]
    outputs = [ids for turns in ours[-1]["outputs"] for ids in turns]
    exact, _, ties = plain.check(model, prompts, outputs)
    print(f"{ours[-1]['reused']:,} of {sum(map(len, prompts)):,} prompt tokens were held")
    pairs = list(zip(ours[-1]["outputs"], theirs["held"][-1]["outputs"], strict=True))
    equal = sum(mine == other for mine, other in pairs)
    wall = median(result["wall"] for result in ours)
    ratios = " ".join(
        f"ratio_{way}={median(r['wall'] for r in found) / wall:.2f}"
        for way, found in theirs.items()
        if found
    )
    memory = max(o["peak_gb"] for o in ours) / max(t["peak_gb"] for t in theirs["held"])
    return (
        f"{ratios} exact={exact}/{len(prompts)} ties={ties} dialogues_equal={equal}/{len(pairs)}"
        f" rss_ratio={memory:.2f}"
    )


def user_texts(path: Path, dialogues: int, turns: int) -> list[list[str]]:
    """What users say, in dialogues of so many turns; short rows are joined until they have them."""
    texts = texts_of(path)
    found = []
    for _ in range(dialogues):
        one = list(islice(texts, turns))
        if len(one) < turns:
            raise SystemExit(f"{path} has too few turns for {dialogues} dialogues of {turns}")
        found.append(one)
    return found


def texts_of(path: Path) -> Iterator[str]:
    """The users' texts, row after row."""
    for line in path.read_text(encoding="utf-8").splitlines():
        for turn in json.loads(line)["turns"]:
            yield turn if isinstance(turn, str) else turn["user"]


def tell(name: str, number: int, result: dict[str, Any]) -> None:
    """One run's line."""
    wall, peak = result["wall"], result["peak_gb"]
    tokens = sum(len(reply) for turns in result["outputs"] for reply in turns)
    pace = f"{wall:.1f} s, {tokens / wall:.1f} tokens/s"
    print(f"round {number + 1}  {name}: {pace}, peak {peak:.2f} GB", flush=True)


if __name__ == "__main__":
    main()

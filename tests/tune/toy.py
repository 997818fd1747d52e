"""A mapping that nobody can know: made-up words and their made-up codes, as a suite on the disk.

Each case names a key (`w0` ... ) among fillers; the answer is the key's code. Keys in test are
those of train, in sentences that train does not hold.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from promptbench.suite.read import read_suite
from promptbench.tune.finetune import Tuned, finetune
from promptbench.tune.material import Material, gather
from promptbench.tune.option import TuneOptions
from promptbench.tune.recipe import Wish
from promptbench.tune.watch import Silent
from tests.run.workspace import Workspace

SUITE = """\
suite: codes
data:
  test: codes/test.jsonl
  dev: codes/dev.jsonl
  train: codes/train.jsonl
prompts: [../prompts/codes.j2]
models: [./checkpoints/base]
sampling: {max_tokens: 4}
metrics: [exact]
"""
LABELS = """\
suite: codes
task: classify
labels: {even: [w20], odd: [w21]}
data:
  test: codes/test.jsonl
  dev: codes/dev.jsonl
  train: codes/train.jsonl
prompts: [../prompts/codes.j2]
models: [./checkpoints/base]
metrics: [accuracy]
"""
KEYS = 6
PATH = "suites/codes.yaml"

Codes = Mapping[str, str]
# Words of tests.model.tiny, so that a tiny tokenizer knows them; none of them ends an output.
CODES: Codes = {f"w{key}": f"w{42 + 2 * key} w{43 + 2 * key}" for key in range(KEYS)}
SIDES: Codes = {f"w{key}": "even" if key % 2 == 0 else "odd" for key in range(KEYS)}
FILLERS = tuple(f"w{number}" for number in range(10, 20))


def write_toy(
    folder: Path,
    codes: Codes = CODES,
    *,
    suite: str = SUITE,
    fillers: tuple[str, ...] = FILLERS,
    prompt: str = "{{ text }}",
    train: int = 96,
) -> Workspace:
    """Write suite, prompt and data; the model is the caller's."""
    workspace = Workspace(folder.resolve())
    workspace.write(PATH, suite)
    workspace.write("prompts/codes.j2", prompt)
    draw = random.Random(11)
    for split, number in (("train", train), ("dev", 6), ("test", 12)):
        rows = [row(f"{split}-{n}", n, codes, fillers, draw) for n in range(number)]
        text = "".join(f"{one}\n" for one in map(as_json, rows))
        workspace.write(f"suites/codes/{split}.jsonl", text)
    return workspace


def row(
    name: str, number: int, codes: Codes, fillers: tuple[str, ...], draw: random.Random
) -> dict[str, Any]:
    """A case: the key stands somewhere among fillers."""
    key = list(codes)[number % len(codes)]
    words = draw.choices(fillers, k=draw.randint(2, 5))
    words.insert(draw.randint(0, len(words)), key)
    return {"id": name, "text": " ".join(words), "references": [codes[key]]}


def as_json(value: Any) -> str:
    """One line of a data file."""
    return json.dumps(value, ensure_ascii=False)


def options(**settings: Any) -> TuneOptions:
    """Options; what is no option is the recipe's wish."""
    own = {name: settings.pop(name) for name in list(settings) if hasattr(TuneOptions, name)}
    return TuneOptions(**own, wish=Wish(**settings))


def material_of(workspace: Workspace, **settings: Any) -> Material:
    """What a training would start from."""
    return gather(read_suite(workspace.folder / PATH), options(**settings), lambda message: None)


def tune(workspace: Workspace, **settings: Any) -> Tuned:
    """Train."""
    return finetune(workspace.folder / PATH, options(**settings), Silent())

"""Build the speed workload: emails x prompts -> chat prompts as text and token ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from promptbench.model.protocol import Setup
from promptbench.model.spec import open_model
from promptbench.prompt.example import as_example
from promptbench.prompt.template import Template
from promptbench.record import Case
from promptbench.suite.data import DataSource, Fields, read_cases

ROOT = Path(__file__).parent.parent
PROMPTS = ("plain", "executive", "fewshot")


def build(model_spec: str, emails: int = 48, prompts: int = 3) -> dict[str, Any]:
    """`texts`, `ids`, and the `email` and `prompt` of each request.

    With more than three prompts, the further ones are the executive's with a numbered persona.
    """
    model = open_model(model_spec, Setup(ROOT))
    cases = read_emails()
    shots = [as_example(case) for case in cases[-3:]]
    workload: dict[str, Any] = {"texts": [], "ids": [], "email": [], "prompt": []}
    for number in range(prompts):
        name = PROMPTS[number] if number < len(PROMPTS) else "executive"
        path = ROOT / "prompts" / "email" / f"{name}.j2"
        template = Template(name, path, name, ROOT)
        for index, case in enumerate(cases[:emails]):
            messages = template.render(case, shots)
            encoded = model.encode(messages)
            ids, text = list(encoded.ids), encoded.text
            if number >= len(PROMPTS):
                first = f"(Variant {number}.) "
                text = text.replace("You are", f"{first}You are", 1)
                ids = model.tokenizer.ids(text)
            workload["texts"].append(text)
            workload["ids"].append(ids)
            workload["email"].append(index)
            workload["prompt"].append(name)
    return workload


def read_emails() -> list[Case]:
    """All emails of the suite, train first: more than the largest workload needs."""
    folder = ROOT / "suites" / "email"
    fields = Fields(cluster="thread")
    found: list[Case] = []
    for split in ("train", "dev", "test"):
        source = DataSource(folder / f"{split}.jsonl", f"{split}.jsonl", fields)
        found += read_cases(source)
    return found


def load(path: Path) -> dict[str, Any]:
    """A prepared workload: `texts` and `ids`."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value

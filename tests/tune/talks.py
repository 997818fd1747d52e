"""A chat to learn from, in chat templates of several kinds, for tokenizers of whole words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from promptbench.suite.read import read_suite
from promptbench.tune.material import Material, gather
from tests.model.tiny import write_tiny, write_tokenizer
from tests.run.workspace import Workspace
from tests.tune.toy import options

PATH = "suites/talk.yaml"
SUITE = """\
suite: talk
task: chat
data:
  test: talk/test.jsonl
  dev: talk/dev.jsonl
  train: talk/train.jsonl
prompts: [../prompts/friend.j2]
models: [./checkpoints/base]
memory: [all]
sampling: {max_tokens: 4}
metrics: [exact]
"""
FRIEND = """\
{% block system %}w1 w2{% if tone %} {{ tone }}{% endif %}{% endblock %}
{% block user %}{{ user }}{% endblock %}
"""
SCRIPT = """\
{% for turn in history %}w3 {{ turn.user }} w4 {{ turn.assistant }} {% endfor %}
w3 {{ user }} w4
"""

# Roles and marks are words of the tiny vocabulary: w50 begins a message, w51 to w53 are roles.
ROLE = "{{ {'system': 'w51', 'user': 'w52', 'assistant': 'w53'}[m.role] }}"
ASK = "{% if add_generation_prompt %}w50 w53 {% endif %}"
CHATML = (
    "{% for m in messages %}w50 " + ROLE + " "
    "{% if m.role == 'assistant' %}{% generation %}{{ m.content }} {{ eos_token }}"
    "{% endgeneration %}{% else %}{{ m.content }} {{ eos_token }}{% endif %} {% endfor %}" + ASK
)
LLAMA2 = (
    "{% if messages[0].role == 'system' %}{% set system = messages[0].content + ' w54 ' %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}"
    "{% for m in messages %}{% if m.role == 'user' %}"
    "{{ bos_token }}w55 {{ (system if loop.first else '') + m.content.strip() }} w56"
    "{% else %} {% generation %}{{ m.content.strip() }} {{ eos_token }}{% endgeneration %}"
    "{% endif %}{% endfor %}"
)
# An end of its own, which the generation settings name beside the tokenizer's.
GEMMA = CHATML.replace("{{ eos_token }}", "w41")
# Of replies to which something was said since, only the first word is told.
CUTTING = CHATML.replace(
    "{% generation %}{{ m.content }}",
    "{% generation %}{{ m.content if loop.last else m.content.split()[0] }}",
)
# The reply is asked for with words that are not there once it was given.
THINKING = CHATML.replace(ASK, "{% if add_generation_prompt %}w50 w53 w57 w58 {% endif %}")
ENDLESS = CHATML.replace(
    "{% generation %}{{ m.content }} {{ eos_token }}", "{% generation %}{{ m.content }}"
)

TALK = {
    "id": "t",
    "turns": [
        {"user": "w10 w11", "assistant": "w20 w21"},
        {"user": "w12", "assistant": "w22"},
        {"user": "w13 w14", "references": ["w23 w24 w25", "w26"]},
    ],
}
REPLIES = ("w20 w21", "w22", "w23 w24 w25")


def given(name: str, *pairs: tuple[str, str]) -> dict[str, Any]:
    """A dialogue of which the data gives every reply."""
    return {"id": name, "turns": [{"user": user, "assistant": reply} for user, reply in pairs]}


def write_talk(
    folder: Path,
    template: str = CHATML,
    rows: Sequence[Mapping[str, Any]] = (TALK,),
    **changes: str,
) -> Workspace:
    """Write suite, prompts, data and a tiny model with a chat template ("" none)."""
    workspace = Workspace(folder.resolve())
    text = SUITE
    for old, new in changes.items():
        assert f"{old}: " in text
        kept = [line for line in text.splitlines() if not line.startswith(f"{old}: ")]
        text = "\n".join([*kept, f"{old}: {new}", ""])
    workspace.write(PATH, text)
    workspace.write("prompts/friend.j2", FRIEND)
    workspace.write("prompts/script.j2", SCRIPT)
    write_rows(workspace, "train", rows)
    write_rows(workspace, "dev", [given("d", ("w30 w31", "w32"), ("w33", "w34"))])
    write_rows(workspace, "test", [given("e", ("w35 w36", "w37"), ("w38", "w39"))])
    base = workspace.folder / "checkpoints" / "base"
    write_tiny(base, "llama", initializer_range=0.1)
    write_tokenizer(base, processing="" if template else "<s> $A", template=template)
    return workspace


def write_rows(workspace: Workspace, split: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A split's dialogues."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    workspace.write(f"suites/talk/{split}.jsonl", text)


def talk_material(workspace: Workspace, **settings: Any) -> Material:
    """What a training on the chat would start from."""
    return gather(read_suite(workspace.folder / PATH), options(**settings), lambda message: None)

"""Chats for real: the embedded language model remembers as told, word for word as transformers."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from promptbench.model.local.convert import converted, is_ready
from promptbench.model.protocol import quiet
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED
from promptbench.run.job import Result
from promptbench.store.turn import turns
from tests.run.chatting import Chat, said
from tests.run.workspace import Notes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (
            is_ready(EMBEDDED["smollm2"], cache_folder())
            and is_ready(EMBEDDED["minilm"], cache_folder())
        ),
        reason="the embedded models are not installed: promptbench models pull smollm2 minilm",
    ),
]

SUITE = """\
suite: talk
task: chat
data: {test: talk/test.jsonl}
prompts: [../prompts/friend.j2]
models: [smollm2]
memory: [all, none, {summary: 16, last: 1}, {similar: 1, last: 0}]
sampling: {max_tokens: 10}
metrics: [contains]
"""
PERSONA = "You are a helpful assistant."
FRIEND = f"""\
{{% block system %}}{PERSONA}{{% if summary %}} {{{{ summary }}}}{{% endif %}}{{% endblock %}}
{{% block user %}}{{{{ user }}}}{{% endblock %}}
"""
TALKS = {
    "dog": ["My dog is called Biscuit.", "Why is the sky blue?", "What is my dog called?"],
    "code": ["My door code is 4817.", "Name a winter vegetable.", "What is my door code?"],
}


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> tuple[Chat, Result]:
    """Two dialogues of three turns, remembered in four ways."""
    workspace = Chat(tmp_path_factory.mktemp("chat").resolve())
    workspace.write("suites/talk.yaml", SUITE)
    workspace.write("prompts/friend.j2", FRIEND)
    rows = [
        {"id": name, "turns": [*users[:2], {"user": users[2], "references": [name]}]}
        for name, users in TALKS.items()
    ]
    workspace.write("suites/talk/test.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return workspace, workspace.run()


def peer(users: list[str], remembers: bool) -> list[str]:
    """The same dialogue with transformers alone, one turn after another."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = str(converted(EMBEDDED["smollm2"], cache_folder(), quiet))
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    talk: list[dict[str, str]] = []
    replies = []
    for user in users:
        before = talk if remembers else []
        messages = [{"role": "system", "content": PERSONA}, *before]
        messages.append({"role": "user", "content": user})
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        ids = tokenizer(text, return_tensors="pt", add_special_tokens=False)
        made = model.generate(**ids, max_new_tokens=10, do_sample=False)
        new = made[0, ids["input_ids"].shape[1] :]
        replies.append(tokenizer.decode(new, skip_special_tokens=True).strip())
        talk += [{"role": "user", "content": user}, {"role": "assistant", "content": replies[-1]}]
    return replies


@pytest.mark.parametrize("dialogue", TALKS)
@pytest.mark.parametrize("memory", ["all", "none"])
def test_every_reply_is_that_of_transformers(chat: tuple[Chat, Result], dialogue: str, memory: str):
    workspace, result = chat
    found = said(workspace, result.run_id)
    ours = [found[f"friend · {memory}", dialogue, number] for number in (1, 2, 3)]
    assert ours == peer(TALKS[dialogue], memory == "all")


def test_what_is_alike_comes_back(chat: tuple[Chat, Result]):
    workspace, result = chat
    with workspace.store() as store:
        last = [t for t in turns(store, result.run_id) if t.number == 3]
    assert {t.kept for t in last if t.candidate == "friend · similar:1+last:0"} == {(1,)}
    assert {t.kept for t in last if t.candidate == "friend · summary:16+last:1"} == {(2,)}
    assert all(t.memory_tokens > 16 for t in last if "summary" in t.candidate)


def test_all_of_it_is_stored_and_reported(chat: tuple[Chat, Result]):
    workspace, result = chat
    assert (result.errors, len(workspace.samples(result.run_id))) == (0, 4 * 2)
    page = result.report.read_bytes()
    notes = Notes()
    again = workspace.run(notes)
    assert (again.run_id, again.generated, notes.batches) == (result.run_id, 0, [])
    assert again.report.read_bytes() == page

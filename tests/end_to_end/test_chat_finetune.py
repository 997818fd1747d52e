"""A chat trained for real: the embedded model learns replies behind the ids that a run sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from promptbench.model.local.convert import converted, is_ready
from promptbench.model.protocol import quiet
from promptbench.model.spec import cache_folder
from promptbench.model.wheel import EMBEDDED
from promptbench.run.job import run_suite
from promptbench.run.option import Options
from promptbench.store.turn import turns
from promptbench.suite.read import read_suite
from promptbench.tune import training
from promptbench.tune.finetune import finetune
from promptbench.tune.material import gather
from promptbench.tune.watch import Silent
from tests.run.workspace import Notes, Workspace
from tests.tune.thread import one_thread
from tests.tune.toy import options

__all__ = ["one_thread"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_ready(EMBEDDED["smollm2"], cache_folder()),
        reason="the embedded model is not installed: promptbench models pull smollm2",
    ),
]

PATH = "suites/talk.yaml"
SUITE = """\
suite: talk
task: chat
data: {test: talk/test.jsonl, train: talk/train.jsonl}
prompts: [../prompts/guide.j2]
models: [smollm2]
memory: [all]
sampling: {max_tokens: 12}
metrics: [exact]
"""
PERSONA = "You are a guide through Zembla."
GUIDE = (
    f"{{% block system %}}{PERSONA}{{% endblock %}}{{% block user %}}{{{{ user }}}}{{% endblock %}}"
)
PLACES = {"Onhava": "Kobalt", "Odevalla": "Mandevil", "Aros": "Bregberg"}
ASKED = "What is the name of its hill?"


def talk(name: str, hello: str, place: str, hill: str) -> dict[str, Any]:
    """A dialogue in which a place is named, and something of it asked for later."""
    return {
        "id": name,
        "turns": [
            {"user": f"{hello} I am in {place}.", "assistant": f"Welcome to {place}!"},
            {"user": ASKED, "references": [f"{hill} Hill."]},
        ],
    }


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Dialogues on places that nobody knows; test greets in another way than train."""
    workspace = Workspace(tmp_path.resolve())
    workspace.write(PATH, SUITE)
    workspace.write("prompts/guide.j2", GUIDE)
    for split, hellos in (("train", ("Hi.", "Good morning!")), ("test", ("Well, here",))):
        rows = [
            talk(f"{place}-{number}", hello, place, hill)
            for place, hill in PLACES.items()
            for number, hello in enumerate(hellos)
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        workspace.write(f"suites/talk/{split}.jsonl", text)
    return workspace


def test_the_ids_are_those_of_transformers_and_end_where_a_reply_does(workspace: Workspace):
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(
        str(converted(EMBEDDED["smollm2"], cache_folder(), quiet))
    )
    material = gather(read_suite(workspace.folder / PATH), options(), lambda message: None)
    example = material.train[0]
    messages: list[dict[str, str]] = [{"role": "system", "content": PERSONA}]
    spans = []
    for user, reply in (
        ("Hi. I am in Onhava.", "Welcome to Onhava!"),
        (ASKED, "Kobalt Hill."),
    ):
        messages.append({"role": "user", "content": user})
        before = ids(tokenizer, messages, add_generation_prompt=True)
        messages.append({"role": "assistant", "content": reply})
        after = ids(tokenizer, messages)
        spans.append((len(before), len(after) - 1))  # the line break after the end is not learned
        assert after[: len(before)] == before
        assert after[-2] == tokenizer.eos_token_id
    assert list(example.ids) == after[:-1]
    assert example.spans == tuple(spans)


def ids(tokenizer: Any, messages: list[dict[str, str]], **settings: bool) -> list[int]:
    """Token ids of messages, as transformers alone makes them."""
    text = tokenizer.apply_chat_template(messages, tokenize=False, **settings)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


@pytest.mark.long
def test_what_a_dialogue_teaches_is_said_in_another_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    # Reading the probes takes longer than all of the training.
    monkeypatch.setattr(training, "probes", lambda known: [])
    wish = options(epochs=8, batch=2, learning_rate=1e-3, method="lora", stop_on="none")
    tuned = finetune(workspace.folder / PATH, wish, Silent())
    assert tuned.manifest["chat"]["form"] == "one example a dialogue"
    assert tuned.manifest["losses"][-1] < tuned.manifest["losses"][0] / 4
    both = Options(models=("smollm2", tuned.spec))
    result = run_suite(workspace.folder / PATH, both, Notes())
    assert result.errors == 0
    with workspace.store() as store:
        said = [turn for turn in turns(store, result.run_id) if turn.number == 2]
    right = {
        model: sum(turn.reply == f"{PLACES[turn.dialogue.split('-')[0]]} Hill." for turn in found)
        for model in ("smollm2", tuned.spec)
        if (found := [turn for turn in said if turn.candidate.endswith(model)])
    }
    assert right == {"smollm2": 0, tuned.spec: len(PLACES)}

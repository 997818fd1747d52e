"""The turns of a chat as cells of a plan: what is known of them before anything was said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from promptbench.dialogue.tone import with_mood
from promptbench.error import ModelError, PromptError, SuiteError
from promptbench.model.embedder import embedder_there
from promptbench.model.protocol import Model, Setup
from promptbench.prompt.template import Template
from promptbench.record import Case
from promptbench.run.hygiene import Judged
from promptbench.run.jury import open_stated
from promptbench.run.slot import Ready, Slot
from promptbench.suite.chat import ChatSpec, MemorySpec
from promptbench.suite.stated import ModelSpec, Suite

# What of a dialogue tells whether another split gives it away.
COMPARED = frozenset({"script", "goal", "card"})


def with_moods(judged: Judged, chat: ChatSpec) -> Judged:
    """The cases, each knowing the mood of what its user says and the tone rule for it."""
    return replace(judged, cases=tuple(with_mood(case, chat.rules) for case in judged.cases))


def compared(suite: Suite, names: Collection[str]) -> Collection[str]:
    """The variables that tell whether two splits share a case; `names` are those of prompts."""
    return COMPARED if suite.chat else names


def turn_slots(ready: Sequence[Ready], cases: Sequence[Case], repeats: int) -> Iterator[Slot]:
    """Every cell of a chat. A cell's key is no fingerprint: what is said before is not known yet.

    It covers all that decides what will be asked; requests get fingerprints as they are made.
    """
    for place, one in enumerate(ready):
        head = [
            one.model.info.identity,
            one.candidate.prompt.digest,
            one.memory.text if one.memory else "",
            [dict(example) for example in one.examples or ()],
            one.candidate.sampling.canonical(),
        ]
        for number, case in enumerate(cases):
            tokens = one.model.encode(one.messages(case)).tokens
            for repeat in range(repeats):
                text = json.dumps([*head, asdict(case), repeat], sort_keys=True, default=str)
                key = "turn " + hashlib.sha256(text.encode()).hexdigest()
                yield Slot(place, number, repeat, key, tokens)


def check_chat(suite: Suite, ready: Sequence[Ready], cases: Sequence[Case]) -> None:
    """See that every candidate can talk as the suite asks. Raises SuiteError or PromptError."""
    for one in ready:
        if one.memory:
            check_memory(one.memory, one.template, one.model, suite.shown)
    played = next((case for case in cases if "goal" in case.variables), None)
    if played and suite.chat and suite.chat.user is None:
        raise SuiteError(
            f"case {played.id} has a goal and nothing that its user says",
            where=suite.shown,
            hint="Say who plays the user, such as `user: {model: smollm2}`.",
        )


def check_memory(memory: MemorySpec, template: Template, model: Model, where: str) -> None:
    """See that a memory can be had of a model, and that the prompt shows what it brings.

    Raises PromptError, or ModelError at `where`, which is the suite.
    """
    if memory.kind == "summary" and "summary" not in template.names:
        raise PromptError(
            f"memory {memory.text} makes a summary, and this prompt does not show it",
            where=template.shown,
            hint="Put {% if summary %}...{{ summary }}{% endif %} into its system block.",
        )
    if memory.kind == "tokens" and model.info.family == "server":
        raise ModelError(
            f"memory {memory.text} counts tokens, and {model.info.spec} does not tell how many a"
            " prompt has",
            where=where,
            hint="Take one that counts turns, such as last:6.",
        )
    if memory.kind == "similar" and not embedder_there():
        raise ModelError(
            f"memory {memory.text} needs the sentence encoder minilm, which is not installed",
            where=where,
            hint="Run `promptbench models pull minilm` once.",
        )


def open_player(suite: Suite, models: Sequence[Model], setup: Setup) -> Model | None:
    """The model that plays the users, if the suite names one; a candidate's is loaded once."""
    if suite.chat is None or suite.chat.user is None:
        return None
    name, where = suite.chat.user.model, suite.chat.user_where
    stated = {model.name: model for model in suite.models}
    opened = open_stated(stated.get(name) or ModelSpec(name, where, name), setup)
    if not opened.info.writes:
        raise ModelError(f"{name} cannot write, so it cannot play a user", where=where)
    there = {model.info.identity: model for model in models}
    return there.get(opened.info.identity, opened)


def settings_of(suite: Suite, player: Model | None) -> list[Any]:
    """What else decides what is said: who plays the user, and how."""
    if suite.chat is None or suite.chat.user is None or player is None:
        return []
    return [player.info.identity, suite.chat.user.model_dump()]

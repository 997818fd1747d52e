"""Begin a talk: what the command line asks for in, a desk with everything opened out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from promptbench.chat.conversation import Conversation
from promptbench.chat.desk import Desk, check
from promptbench.chat.persona import find_persona
from promptbench.dialogue.memory import Nearby
from promptbench.error import ModelError, SuiteError
from promptbench.model.embedder import open_embedder
from promptbench.model.protocol import Setup
from promptbench.record import Sampling
from promptbench.run.job import workspace_here
from promptbench.run.jury import open_stated
from promptbench.suite.chat import EVERYTHING, MemorySpec, ToneRule, parse_memory
from promptbench.suite.read import read_suite
from promptbench.suite.stated import ModelSpec, Suite

MODEL = "smollm2"
# What the makers of SmolLM2 use for talking: near the likeliest words, and seldom the same twice.
TALKING = Sampling(max_tokens=256, temperature=0.2, top_p=0.9)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for; "" and None leave it to the suite, or to us."""

    folder: Path
    suite: Path | None = None
    model: str = ""
    persona: str = ""
    memory: str = ""
    seed: int | None = None
    temperature: float | None = None
    max_tokens: int | None = None


def begin(wish: Wish, notify: Callable[[str], None]) -> Desk:
    """Open everything that a talk needs; weights are loaded by its first word.

    Raises InputError for what is not there or does not go together.
    """
    suite = read_suite(wish.suite) if wish.suite else None
    if suite and suite.chat is None:
        what = "promptbench chat takes its persona and memory from a suite of `task: chat`"
        raise SuiteError(what, where=suite.shown, hint="Talk without --suite.")
    workspace = suite.workspace if suite else workspace_here(wish.folder)
    memory = memory_of(wish, suite)
    stated = model_of(wish, suite)
    model = open_stated(stated, Setup(workspace, notify))
    if not model.info.writes:
        raise ModelError(f"{stated.name} cannot write, so it cannot talk", where=stated.where)
    persona = find_persona(wish.persona, model, workspace, suite)
    rules: tuple[ToneRule, ...] = suite.chat.rules if suite and suite.chat else ()
    nearby = Nearby(partial(open_embedder, notify))
    talk = Conversation(model, persona, memory, sampling_of(wish, suite), rules, nearby)
    check(talk, persona, memory)
    return Desk(talk, workspace, suite, stated)


def model_of(wish: Wish, suite: Suite | None) -> ModelSpec:
    """The model asked for, by its spec or its name in the suite; or the suite's first."""
    stated = {model.name: model for model in suite.models} if suite else {}
    if not wish.model and suite:
        return suite.models[0]
    name = wish.model or MODEL
    return stated.get(name) or ModelSpec(name, "", name)


def memory_of(wish: Wish, suite: Suite | None) -> MemorySpec:
    """The memory asked for, or the suite's first."""
    if wish.memory:
        return parse_memory(wish.memory, "--memory")
    return suite.chat.memories[0] if suite and suite.chat else EVERYTHING


def sampling_of(wish: Wish, suite: Suite | None) -> Sampling:
    """How replies are found: as asked for, otherwise as the suite does it."""
    found = next(iter(suite.samplings.values())) if suite else TALKING
    asked: dict[str, Any] = {
        "seed": wish.seed,
        "temperature": wish.temperature,
        "max_tokens": wish.max_tokens,
    }
    return replace(found, **{name: value for name, value in asked.items() if value is not None})

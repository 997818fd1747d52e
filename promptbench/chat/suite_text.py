"""Write the suite that runs a saved talk: model, persona, memory and tone rules as they were."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML

from promptbench.chat.conversation import Conversation
from promptbench.chat.persona import STOP, is_plain
from promptbench.record import Sampling
from promptbench.suite.chat import ToneRule
from promptbench.suite.stated import ModelSpec

HEAD = """\
# Talks that were saved from `promptbench chat`. The last turn of each is answered anew, and
# compared with the reply that was heard.
"""


def suite_text(talk: Conversation, model: ModelSpec, name: str, data: str, prompt: str) -> str:
    """The suite's YAML; the paths of its data and its prompt are from the suite's folder."""
    stated: dict[str, Any] = {
        "suite": name,
        "description": "Talks saved from promptbench chat",
        "task": "chat",
        "memory": [talk.memory.text],
        "data": {"test": data},
        "prompts": [prompt],
        "models": [model_entry(model)],
        "sampling": sampling_entry(talk),
        "metrics": ["rougeL", {"words": {"max": 80}}],
    }
    if talk.rules:
        stated["tone"] = [rule_entry(rule) for rule in talk.rules]
    made = io.StringIO()
    yaml = YAML()
    yaml.width = 10_000
    yaml.dump(stated, made)
    return HEAD + made.getvalue()


def model_entry(model: ModelSpec) -> str | dict[str, str]:
    """The model, with how it computes where that was asked for."""
    own = {"device": model.device, "precision": model.precision}
    stated = {name: value for name, value in own.items() if value}
    return {"model": model.spec, **stated} if stated else model.spec


def sampling_entry(talk: Conversation) -> dict[str, Any]:
    """The sampling, where it is not what a suite has by default."""
    usual, own = Sampling(), talk.sampling
    names = ["temperature", "repetition_penalty"]
    names += ["top_p", "top_k", "seed"] if own.temperature else []
    stated: dict[str, Any] = {"max_tokens": own.max_tokens}
    stated |= {n: getattr(own, n) for n in names if getattr(own, n) != getattr(usual, n)}
    stop = own.stop or (STOP if is_plain(talk.model) else ())
    return stated | ({"stop": list(stop)} if stop else {})


def rule_entry(rule: ToneRule) -> dict[str, Any]:
    """A tone rule as a suite states it."""
    stated: dict[str, Any] = {"name": rule.name, "below": rule.below, "above": rule.above}
    stated |= {"say": rule.say or None, "expect": dict(rule.expect or {}) or None}
    return {name: value for name, value in stated.items() if value is not None}

"""A workspace with a chat for the fake model, and what it must come to, worked out plainly."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from promptbench.dialogue.exchange import Exchange
from promptbench.record import Message, Request
from promptbench.run.plan import Plan
from promptbench.store.turn import turns
from tests.fake import complete
from tests.run.workspace import Workspace

SUITE = """\
suite: talk
task: chat
data:
  test: talk/test.jsonl
prompts:
  - ../prompts/friend.j2
models:
  - fake:a
memory: MEMORY
sampling: {max_tokens: 12}
metrics:
  - contains
  - words: {max: 8}
"""
FRIEND = """\
{% block system %}You are Mira.{% if summary %} Known: {{ summary }}{% endif %}{% endblock %}
{% block user %}{{ user }}{% endblock %}
"""
QUESTION = {"user": "Which room is it?", "references": ["room"]}

Said = dict[tuple[str, str, int], str]
"""What came back, by candidate, dialogue and number."""


def rows(number: int = 3) -> list[dict[str, Any]]:
    """Dialogues of four turns, of which two are checked; in the last one a reply is given."""
    found = []
    for place in range(number):
        turns: list[Any] = [
            f"My number is {place}.",
            QUESTION,
            "And what comes next?",
            {"user": f"What is my number, number {place}?", "references": [str(place)]},
        ]
        found.append({"id": f"talk-{place}", "turns": turns})
    found[-1]["turns"][0] = {"user": "My number is 7.", "assistant": "Seven it is."}
    return found


def write_chat(folder: Path, memory: str = "[all, none, last: 1]", **changes: str) -> Workspace:
    """Write the suite; its rows can be written anew with `write_rows`."""
    workspace = Chat(folder.resolve())
    text = SUITE.replace("MEMORY", memory)
    for old, new in changes.items():
        text = text.replace(old, new)
    workspace.write("suites/talk.yaml", text)
    workspace.write("prompts/friend.j2", FRIEND)
    write_rows(workspace, rows())
    return workspace


def write_rows(workspace: Workspace, found: Sequence[dict[str, Any]]) -> None:
    """Write the test split."""
    workspace.write("suites/talk/test.jsonl", "".join(json.dumps(r) + "\n" for r in found))


class Chat(Workspace):
    """The same workspace with another suite in it."""

    @property
    def suite(self) -> Path:
        """The suite file."""
        return self.folder / "suites" / "talk.yaml"


def said(workspace: Workspace, run_id: str) -> Said:
    """Every reply of a run, from the store."""
    with workspace.store() as store:
        return {(t.candidate, t.dialogue, t.number): t.reply for t in turns(store, run_id)}


Memory = Callable[[list[Exchange]], list[Exchange]]


def expected(plan: Plan, memories: dict[str, Memory]) -> Said:
    """Every reply, worked out one dialogue at a time by memories that are plain functions."""
    found: Said = {}
    scripts = {case.variables["dialogue"]: case.variables["script"] for case in plan.cases}
    for ready in plan.ready:
        memory = memories[ready.candidate.memory]
        for dialogue, script in scripts.items():
            past: list[Exchange] = []
            for number, turn in enumerate(script, 1):
                reply = turn.get("assistant") or answered(ready, turn["user"], memory(past))
                past.append(Exchange(number, turn["user"], reply))
                found[ready.candidate.name, dialogue, number] = reply
    return found


def answered(ready: Any, user: str, kept: Sequence[Exchange]) -> str:
    """What the fake model says to a turn."""
    messages = [Message("system", "You are Mira.")]
    for each in kept:
        messages += [Message("user", each.user), Message("assistant", each.reply)]
    encoded = ready.model.encode([*messages, Message("user", user)])
    return complete(Request("", (), encoded, ready.candidate.sampling)).text

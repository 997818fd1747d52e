"""A simulated user: what has been said, seen from the other side, becomes a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptbench.dialogue.exchange import Exchange
from promptbench.metric.ask import Question
from promptbench.record import Message, Sampling
from promptbench.suite.chat import UserEntry


def next_words(
    entry: UserEntry, case: Mapping[str, Any], past: Sequence[Exchange], repeat: int
) -> Question:
    """Ask a model what the user of a case says next.

    `case` has the goal, and in `card` who the user is. The user's own words are the model's earlier
    replies, and the assistant's are what it hears.
    """
    card = str(case.get("card", "")).strip()
    text = (
        f"{f'You are this person: {card} ' if card else ''}"
        f"You write to an assistant. Your goal: {str(case['goal']).strip()} "
        "Write only your next message, one or two sentences, as this person would."
    )
    heard = [Message("user", "Hello, how can I help you?")]
    for exchange in past:
        heard += [Message("assistant", exchange.user), Message("user", exchange.reply)]
    sampling = Sampling(max_tokens=entry.max_tokens, temperature=entry.temperature, seed=entry.seed)
    return Question((Message("system", text), *heard), sampling, repeat)

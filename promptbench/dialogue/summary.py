"""A running summary: what is older than the newest turns is summed up, a little at a time."""

from __future__ import annotations

from collections.abc import Sequence

from promptbench.dialogue.exchange import Exchange, as_text
from promptbench.metric.ask import Question
from promptbench.record import Message, Sampling
from promptbench.suite.chat import MemorySpec

# A word of English is about three quarters of a token; a summary must not end in mid-sentence.
WORDS_A_TOKEN = 0.6


def unsummed(spec: MemorySpec, past: Sequence[Exchange], covered: int) -> Sequence[Exchange]:
    """The turns that must go into the summary now, of which it has the first `covered`."""
    if spec.kind != "summary":
        return ()
    return past[covered : max(covered, len(past) - spec.last)]


def summary_question(spec: MemorySpec, before: str, new: Sequence[Exchange]) -> Question:
    """Ask a model for the summary `before`, with some more turns taken into it."""
    words = max(5, int(spec.size * WORDS_A_TOKEN))
    known = f"This is what is known so far:\n{before}\n\n" if before else ""
    text = (
        f"{known}This was said{' after that' if before else ''}:\n{as_text(new)}\n\n"
        f"Write down in at most {words} words what must be remembered of all this: names, numbers,"
        " places, plans and wishes, first what the user said about themselves. Write nothing else."
    )
    return Question((Message("user", text),), Sampling(max_tokens=spec.size))

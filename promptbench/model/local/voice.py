"""Let an answer be heard while it is written: a row after each token in, pieces of text out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from promptbench.model.local.row import Row

UNFINISHED = "\ufffd"  # what the first bytes of a character decode to


@dataclass(slots=True)
class Voice:
    """Says what is certain of one row's text. `said` is all that was heard so far."""

    hear: Callable[[str], None]
    said: str = ""

    def listen(self, row: Row) -> None:
        """The row has a new token. What its last one makes of the text, the completion knows."""
        if not row.finish:
            self.say(certain(row.ends.decode(row.tokens), row.request.sampling.stop))

    def say(self, text: str) -> None:
        """Let what is new of a text be heard. A row that began anew says nothing twice."""
        before = self.said
        if len(text) > len(before) and text.startswith(before):
            self.said = text
            self.hear(text[len(before) :])


def certain(text: str, stops: Sequence[str]) -> str:
    """What of an unfinished text will be in the answer, whatever follows.

    Not a character of which bytes are missing, not what may be the beginning of a stop string, and
    no white space at the ends.
    """
    text = text.rstrip(UNFINISHED)
    begun = max((beginning_of(stop, text) for stop in stops), default=0)
    return text[: len(text) - begun].strip()


def beginning_of(stop: str, text: str) -> int:
    """How many characters at the end of a text are the beginning of a stop string."""
    longest = min(len(stop) - 1, len(text))
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)

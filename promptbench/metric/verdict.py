"""Read a judge's verdict: its answer in, the value of the one key that was asked for out."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from promptbench.metric.enclosure import harmless
from promptbench.record import Choice, Completion, Message, Sampling

SHOWN = 60
# What ends a value: small models would go on with keys of their own.
ENDS = (",", "}")
UNPARSED = "the judge's verdict does not parse"

Value = int | str


@dataclass(frozen=True, slots=True)
class Form:
    """What a verdict looks like: a JSON object of one key with one of the `allowed` values.

    With `likelihood` nothing is written: the judge tells how likely each value is. With `prefill`
    the object is begun and ended for it, so that it writes the value alone.
    """

    key: str
    allowed: tuple[Value, ...]
    likelihood: bool = False
    prefill: bool = True

    @property
    def beginning(self) -> str:
        """The answer as it is begun for the judge; no space at the end, which tokens begin with."""
        return f'{{"{self.key}":'

    def messages(self, text: str) -> tuple[Message, ...]:
        """The prompt that asks for a verdict."""
        asked = (Message("user", text),)
        begun = self.prefill or self.likelihood
        return (*asked, Message("assistant", self.beginning)) if begun else asked

    def sampling(self, max_tokens: int, temperature: float) -> Sampling:
        """How the verdict is found."""
        if not self.likelihood:
            ends = ENDS if self.prefill else ()
            return Sampling(max_tokens=max_tokens, temperature=temperature, stop=ends)
        # With the bracket: 1 is no beginning of 10.
        words = tuple((f" {json.dumps(value)}}}",) for value in self.allowed)
        return Sampling(choice=Choice(tuple(map(str, self.allowed)), words))

    def whole(self, text: str) -> str:
        """An answer with what it was spared; some judges begin anew all the same."""
        if not self.prefill:
            return text
        anew = text.lstrip().startswith(("{", "`"))
        return f"{'' if anew else self.beginning}{text}}}"

    def read(self, answer: Completion, judged: Sequence[str] = ()) -> Value:
        """The value of a written verdict; ValueError says what was found instead.

        An answer that begins with other words and stands in a `judged` text repeats it: a verdict
        in it is the text's own.
        """
        if any(repeats(answer.text, text) for text in judged):
            raise ValueError(f"{UNPARSED}: it repeats what it judges: {short(answer.text)}")
        found = first_object(self.whole(answer.text))
        if found is None:
            raise ValueError(f"{UNPARSED}: no JSON object in {short(answer.text)}")
        if list(found) != [self.key]:
            raise ValueError(f"{UNPARSED}: not the key {self.key!r} alone in {short(found)}")
        value = found[self.key]
        if isinstance(value, int | str) and type(value) is not bool and value in self.allowed:
            return value
        raise ValueError(f"{UNPARSED}: {short(value)} is no {self.key} that was offered")


def first_object(text: str) -> dict[str, object] | None:
    """The first balanced JSON object of a text; a key that stands in it twice makes it none."""
    decoder = json.JSONDecoder(object_pairs_hook=_once)
    start = text.find("{")
    while start >= 0:
        try:
            found, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
            continue
        return dict(found)
    return None


def repeats(answer: str, text: str) -> bool:
    """Whether an answer is a piece of a text, as it is or as the judge saw it; no bare verdict."""
    words = " ".join(answer.split())
    if words.startswith(("{", "`")) or "{" not in words:
        return False
    return any(words in " ".join(each.split()) for each in (text, harmless(text)))


def shares(answer: Completion) -> list[float]:
    """The probability of each value, from their log-likelihoods: together 1."""
    top = max(answer.choices)
    weights = [math.exp(value - top) for value in answer.choices]
    return [weight / math.fsum(weights) for weight in weights]


def short(found: object) -> str:
    """What was found, in quotes and not too long."""
    text = found if isinstance(found, str) else json.dumps(found)
    line = " ".join(text.split())
    return repr(line if len(line) <= SHOWN else f"{line[:SHOWN]}...")


def remark(asked: int, problems: Sequence[str]) -> str:
    """What to say beside a score where some of its votes were lost."""
    return f"{len(problems)} of {asked} votes left out: {problems[0]}" if problems else ""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys are there once: of two values, which one would be meant?"""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)

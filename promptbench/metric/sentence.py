"""Split a text into sentences."""

from __future__ import annotations

import sentencex
from pydantic import Field

from promptbench.metric.setting import MetricSettings


class SentenceSettings(MetricSettings):
    """How sentences are found."""

    language: str = Field(
        default="en",
        pattern=r"^[a-z]{2,3}(-[a-z]+)*$",
        description="Code of the text's language, such as en or pt, in small letters.",
    )


def split_sentences(text: str, language: str) -> list[str]:
    """The sentences of a text, stripped, without empty ones.

    A line break always ends a sentence, so that a list counts its items and no score depends on
    whether a text came with one sentence a line. Within a line the rules are sentencex's
    (https://github.com/wikimedia/sentencex); it reads a language it does not know as English.
    """
    # A lone surrogate, which JSON can carry, is no text that sentencex takes.
    clean = text.encode("utf-8", "replace").decode()
    parts = (part for line in clean.splitlines() for part in sentencex.segment(language, line))
    return [part.strip() for part in parts if part.strip()]

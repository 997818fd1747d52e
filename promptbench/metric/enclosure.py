"""Put texts of strangers into a prompt: between lines with a code that no text can contain."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

CODE_LENGTH = 16  # hexadecimal digits
# How chat templates write their control tokens: <|im_end|>, </s>, <start_of_turn>, [INST], [MASK],
# and DeepSeek's wide bar. A space after the bracket makes plain characters of them.
CONTROL = re.compile(r"<(?=[|/!\w\N{FULLWIDTH VERTICAL LINE}])|\[(?=/?[A-Za-z_]*[A-Z]{3})|<(?=<)")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """Texts between lines that carry `code`; `text` is all of it, ready for a prompt."""

    code: str
    text: str


def enclose(texts: Mapping[str, str], salt: str) -> Enclosure:
    """Enclose texts, each under its title.

    The code is made of the texts themselves (SHA-256) and of `salt`, so that the same texts have
    the same prompt on every machine, while a text that held its own code would have another one.
    """
    plain = {harmless(title): harmless(text) for title, text in texts.items()}
    code = _code(plain, salt)
    parts = [
        f"=== {title} begins {code} ===\n{text}\n=== {title} ends {code} ==="
        for title, text in plain.items()
    ]
    return Enclosure(code, "\n\n".join(parts))


def harmless(text: str) -> str:
    """The text with a space put into whatever a tokenizer could read as a control token."""
    return CONTROL.sub(lambda found: f"{found[0]} ", text)


def _code(texts: Mapping[str, str], salt: str) -> str:
    """Drawn again in the case, which nobody will see, that a text contains it."""
    whole = json.dumps([salt, *texts.items()])
    for turn in range(1000):
        code = hashlib.sha256(f"{turn} {whole}".encode()).hexdigest()[:CODE_LENGTH]
        if not any(code in text for text in texts.values()):
            return code
    raise ValueError("every code stands in the texts")

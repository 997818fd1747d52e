"""Read the cases and outputs that a page holds, as its script does."""

from __future__ import annotations

import base64
import json
import zlib
from html.parser import HTMLParser
from typing import Any


class _Packed(HTMLParser):
    """The text of the element `packed`, as a browser would find it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self._here = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._here = dict(attrs).get("id") == "packed"

    def handle_endtag(self, tag: str) -> None:
        self._here = False

    def handle_data(self, data: str) -> None:
        if self._here:
            self.text += data


def packed_of(page: str) -> str:
    """What a page holds of cases and outputs, as it is packed."""
    return _Packed(page).text


def parts(packed: str) -> list[Any]:
    """The parts of what report/pack.py packs: the head, the candidates' figures, the blocks."""
    return [json.loads(zlib.decompress(base64.b64decode(part))) for part in packed.split("\n")]


def unpacked(page: str) -> dict[str, Any]:
    """The cases, and for each candidate, case and repeat the output, with words for places.

    A case is {id, cluster, variables, references}; an output None or {text, values, ending,
    prompt_tokens, output_tokens, seconds, error, more}. Texts, kinds and prompts are as packed.
    """
    head, *rest = parts(packed_of(page))
    blocks = rest[len(rest) - len(head["blocks"]) :]
    texts = [text for block in blocks for text in block["texts"]]
    return {
        "texts": texts,
        "kinds": head["kinds"],
        "prompts": [prompt for block in blocks for prompt in block["prompts"]],
        "cases": [_case(case, texts) for case in head["cases"]],
        "outputs": [
            _outputs(figures, [rows for block in blocks for rows in block["more"][place]], texts)
            for place, figures in enumerate(rest[: len(rest) - len(blocks)])
        ],
    }


def _case(packed: list[Any], texts: list[str]) -> dict[str, Any]:
    name, cluster, variables, references = packed
    return {
        "id": name,
        "cluster": cluster,
        "variables": {label: texts[place] for label, place in variables},
        "references": [texts[place] for place in references],
    }


FIGURES = ("text", "values", "ending", "prompt_tokens", "output_tokens", "seconds", "error")


def _outputs(
    figures: list[Any], more: list[Any], texts: list[str]
) -> list[list[dict[str, Any] | None]]:
    def output(row: list[Any] | None, rest: Any) -> dict[str, Any] | None:
        if row is None:
            return None
        found = dict(zip(FIGURES, row, strict=True))
        return {**found, "text": texts[row[0]], "more": rest or {}}

    return [
        [output(row, rest) for row, rest in zip(rows, rests, strict=True)]
        for rows, rests in zip(figures, more, strict=True)
    ]

"""What the page's script is given, unpacked again."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from typing import Any

from promptbench.record import Message, Section, Seen
from promptbench.report.grid import lay_out
from promptbench.report.pack import pack
from tests.report.records import cases, completion, run, sample

EXAMPLES = "Two examples of how it is done. " * 20


def content(*prompts: Seen, rows: list[Any] | None = None, repeats: int = 1) -> Any:
    made = run("a", "b", repeats=repeats)
    grid = lay_out(made, cases(2), rows or [])
    packed = pack(made, grid, ["a", "b"], prompts)
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def seen(key: str, body: str) -> Seen:
    text = EXAMPLES + body
    sections = (Section("examples", 0, len(EXAMPLES)), Section("input", len(EXAMPLES), len(text)))
    return Seen(key, f"<s>{text}", (Message("user", text, sections),))


def row(name: str, case: int, key: str, repeat: int = 0) -> Any:
    return sample(name, case, 0.5, repeat=repeat, done=replace(completion(), key=key))


def test_a_text_that_prompts_and_cases_share_is_there_once():
    made = cases(2)
    bodies = [str(each.variables["body"]) * 2 for each in made]
    found = content(
        seen("one", bodies[0]),
        seen("two", bodies[1]),
        seen("foreign", "of another run"),
        rows=[row("a", 0, "one"), row("a", 1, "two")],
    )
    assert sum(EXAMPLES in text for text in found["texts"]) == 1
    assert "of another run" not in found["texts"]
    assert found["kinds"] == [["", ""], ["user", "examples"], ["user", "input"]]
    outputs = found["outputs"][0]
    texts = [
        "".join(found["texts"][text] for _, text in found["prompts"][cell[0][-1]["prompt"]][0])
        for cell in outputs
    ]
    assert texts == [f"<s>{EXAMPLES}{body}" for body in bodies]


def test_repeats_share_a_prompt():
    found = content(
        seen("one", "ask"),
        seen("two", "ask"),
        rows=[row("a", 0, "one"), row("a", 0, "two", 1)],
        repeats=2,
    )
    assert len(found["prompts"]) == 1
    assert [each[-1]["prompt"] for each in found["outputs"][0][0]] == [0, 0]


def test_tokens_are_lengths_in_utf16_units_and_log_probabilities():
    done = replace(completion("a👍b"), logprobs=(-0.126, -2.0, -0.5, 0.0), ends=(1, 1, 2, 3))
    found = content(rows=[sample("a", 0, 0.5, done=done)])
    assert found["outputs"][0][0][0][-1]["tokens"] == [[1, 0, 2, 1], [-0.13, -2.0, -0.5, 0.0]]


def test_log_probabilities_without_ends_are_left_out():
    done = replace(completion("ab"), logprobs=(-0.1, -2.0))
    found = content(rows=[sample("a", 0, 0.5, done=done)])
    assert found["outputs"][0][0][0][-1] == {}

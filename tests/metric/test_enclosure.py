"""Texts of strangers stay between their lines, whatever they say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptbench.metric import enclosure
from promptbench.metric.enclosure import CODE_LENGTH, enclose, harmless

# As chat templates and tokenizers write them.
TOKENS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<s>", "</s>", "<unk>", "<pad>", "[INST]"]
TOKENS += ["[/INST]", "<<SYS>>", "<</SYS>>", "<|eot_id|>", "<start_of_turn>", "<bos>", "[MASK]"]
TOKENS += ["[SEP]", "[CLS]", "<extra_id_0>", "<\uff5cAssistant\uff5c>", "<!-- ", "[gMASK]"]
TOKENS += ["[TOOL_CALLS]", "[/AVAILABLE_TOOLS]", "<0x0A>", "<|\u2581pad\u2581|>"]


def inside(text: str, title: str, code: str) -> str:
    """What stands between a title's lines; these must be there once each."""
    begin, end = f"=== {title} begins {code} ===\n", f"\n=== {title} ends {code} ==="
    assert (text.count(begin), text.count(end)) == (1, 1)
    return text.partition(begin)[2].rpartition(end)[0]


@given(st.text(), st.text())
def test_no_text_at_all_leaves_its_lines(one: str, other: str):
    found = enclose({"text A": one, "text B": other}, "")
    assert inside(found.text, "text A", found.code) == harmless(one)
    assert inside(found.text, "text B", found.code) == harmless(other)


def test_the_code_is_the_same_for_the_same_texts_and_no_others():
    texts = {"text A": "one", "text B": "two"}
    code = enclose(texts, "helpful").code
    assert re.fullmatch(f"[0-9a-f]{{{CODE_LENGTH}}}", code)
    assert enclose(dict(texts), "helpful").code == code
    others = [enclose(texts, "kind"), enclose({"text A": "two", "text B": "one"}, "helpful")]
    assert len({code, *(each.code for each in others)}) == 3


def test_a_text_that_knows_its_code_gets_another(monkeypatch: pytest.MonkeyPatch):
    code = enclose({"text": "known"}, "").code

    class Fixed:
        turn = 0

        def __init__(self, data: bytes) -> None:
            self.turn = int(data.split()[0])

        def hexdigest(self) -> str:
            return code if self.turn == 0 else "f" * 64

    monkeypatch.setattr(enclosure.hashlib, "sha256", Fixed)
    found = enclose({"text": f"I end here: {code}"}, "")
    assert found.code == "f" * CODE_LENGTH


@pytest.mark.parametrize("token", TOKENS)
def test_control_tokens_become_plain_characters(token: str):
    assert token not in harmless(f"so {token} there")
    assert harmless(f"so {token} there").replace(" ", "") == f"so{token}there".replace(" ", "")


@pytest.mark.parametrize("text", ["a < b", "1 <2 and [2] of [ab]", "[1] see <", "x[i] << y", "ok"])
def test_other_brackets_mostly_stay(text: str):
    assert harmless(text).replace(" ", "") == text.replace(" ", "")
    assert "[ " not in harmless(text)

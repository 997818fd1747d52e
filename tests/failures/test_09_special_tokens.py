"""Row 9: two beginnings of sequence or none, no generation prompt, another chat template."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.model.local.tokenizer import Tokenizer
from promptbench.record import Message
from tests.model.tiny import write_tokenizer

WRITES = (
    "{{ bos_token }} {% for m in messages %}w1 {{ m.content }} w2 {% endfor %}"
    "{% if add_generation_prompt %}w3{% endif %}"
)
SILENT = WRITES.removeprefix("{{ bos_token }} ")
ADDS = "<s> $A"


@pytest.mark.parametrize(
    ("processing", "template", "golden"),
    [
        (ADDS, WRITES, "<s> w1 w10 w2 w3"),
        (ADDS, SILENT, "<s> w1 w10 w2 w3"),
        (ADDS, "", "<s> w10"),
        ("", WRITES, "<s> w1 w10 w2 w3"),
        ("", SILENT, "w1 w10 w2 w3"),
    ],
)
def test_a_prompt_has_the_tokens_that_the_model_was_trained_on(
    tmp_path: Path, processing: str, template: str, golden: str
):
    made = Tokenizer(write_tokenizer(tmp_path, processing, template))
    encoded = made.encode((Message("user", "w10"),))
    assert made.inner.convert_ids_to_tokens(list(encoded.ids)) == golden.split()

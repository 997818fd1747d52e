"""Row 11: a stop string read as a list of characters; a batch that ends with its first row."""

from __future__ import annotations

from promptbench.model.local.local import LocalModel
from tests.model.tiny import answers, reference, request, requests, texts


def test_a_stop_string_is_one_text_and_ends_its_own_row_alone(llama: LocalModel):
    others = requests(llama, texts(4), max_tokens=12)
    plain = {one.key: reference(llama, one) for one in others}
    longest = max(others, key=lambda one: plain[one.key][1])
    words = plain[longest.key][0].split()
    assert len(words) > 4
    wanted = " ".join(words[:3])
    stopped = request(
        llama, longest.messages[0].text, max_tokens=12, stop=(f" {words[3]} {words[4]}",)
    )
    found = answers(llama, [*others, stopped])
    assert (found[stopped.key].text, found[stopped.key].finish_reason) == (wanted, "stop_string")
    assert {one.key: found[one.key].text for one in others} == {k: v[0] for k, v in plain.items()}
    assert len({plain[one.key][1] for one in others}) > 1, "rows of different lengths"

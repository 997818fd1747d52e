"""Set phrases in a text: where words end, apostrophes, spaces, and marks."""

import pytest

from promptbench.metric.phrase import beginning, even, whole


def found(pattern, text):
    match = pattern.search(even(text))
    return match[0] if match else ""


@pytest.mark.parametrize(
    ("text", "whole_one", "begun"),
    [
        ("an apology", "", "apolog"),
        ("apolog", "apolog", "apolog"),
        ("unapologetic", "", ""),
        ("APOLOG!", "APOLOG", "APOLOG"),
    ],
)
def test_words_end_or_may_go_on(text, whole_one, begun):
    assert found(whole(["apolog"]), text) == whole_one
    assert found(beginning(["apolog"]), text) == begun


def test_apostrophes_and_spaces_look_alike():
    for text in ("I can\u2019t \n go", "I can`t go", "I can\uff07t go", "I can't\u00a0go"):
        assert found(whole(["can't  go"]), text) == "can't go"


def test_phrases_may_be_marks():
    assert found(whole(["C++", "(c)"]), "in C++, they say (c)") == "C++"
    assert found(whole(["."]), "a.b") == "."


def test_the_longest_phrase_is_what_is_found():
    assert found(whole(["I'm", "I'm sorry"]), "I'm sorry") == "I'm sorry"


def test_no_phrases_find_nothing():
    assert found(whole([]), "") == found(beginning([" "]), "anything") == ""

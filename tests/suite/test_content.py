"""What a case says: letter case, space and glyph forms do not count; likeness is exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptbench.record import Case
from promptbench.suite.content import content, plain, runs, similarity, words

TEXTS = st.text(max_size=200).map(plain)


@pytest.mark.parametrize(
    "same",
    [
        "How  do I\nreset it?",
        "HOW DO I RESET IT?",
        " how do i\treset it? \r\n",
        "how\u00a0do I reset it?",
        "\uff28\uff4f\uff57 do I re\uff53et it?",
    ],
)
def test_case_space_and_glyph_forms_do_not_count(same: str):
    assert plain(same) == "how do i reset it?"


def test_only_the_named_variables_count_and_their_order_does_not():
    one = Case("1", {"b": "y", "a": "x", "date": "monday"}, ("r",), "c")
    assert content(one, ("a", "b")) == content(Case("2", {"a": "X", "b": "y "}), ("b", "a"))
    assert content(one, ("a", "b")) == "x\ny"
    assert content(one, ("date", "lacking")) == "monday"


def test_texts_of_two_fields_do_not_run_into_each_other():
    one, other = Case("1", {"a": "x y", "b": "z"}), Case("2", {"a": "x", "b": "y z"})
    assert content(one, ("a", "b")) != content(other, ("a", "b"))
    swapped = Case("3", {"a": "z", "b": "x y"})
    assert content(one, ("a", "b")) != content(swapped, ("a", "b"))


def test_texts_and_numbers_inside_lists_and_mappings_count():
    case = Case("1", {"turns": [{"says": "Good\nmorning", "by": "Ann"}, None], "n": 7, "b": True})
    assert content(case, ("turns", "n", "b")).split("\n") == ["true", "7", "ann", "good morning"]


def test_likeness_by_hand():
    # Each has 11 runs with its ends; those that hold the g, or the x, are 5.
    assert similarity("abcdefg", "abcdefx") == 6 / 16
    assert similarity("abc", "abc") == 1
    assert similarity("number 1", "number 10") < 0.6
    assert runs("ab") == {"\n\n\n\na", "\n\n\nab", "\n\nab\n", "\nab\n\n", "ab\n\n\n", "b\n\n\n\n"}


def test_a_word_of_a_script_without_spaces_is_a_character():
    assert words("the 3 cafés, naïve") == ["the", "3", "cafés", "naïve"]
    assert words("今日は good") == ["今", "日", "は", "good"]


@given(TEXTS, TEXTS)
def test_likeness_is_symmetric_and_between_0_and_1(one: str, other: str):
    found = similarity(one, other)
    assert found == similarity(other, one)
    assert 0 <= found <= 1


@given(TEXTS)
def test_every_text_is_wholly_like_itself(text: str):
    assert similarity(text, text) == 1


@given(st.text(max_size=60))
def test_what_is_plain_stays_as_it_is(text: str):
    assert plain(plain(text)) == plain(text)
    assert plain(text.upper().lower()) == plain(text.upper())

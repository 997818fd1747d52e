"""Which values a text states: words, numbers in all their writings, and what it denies."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.metric.spoken import spoken, stated

SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
LOW, HIGH = SMALL.split(), TENS.split()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("My name is ADA.", " my  name  is  ada "),
        ("Ada\u2019s cat isn't here", " ada  s  cat  isnt  here "),
        ("4,217 and 4\u00a0217 and \uff14\uff12\uff11\uff17", " 4217  and  4217  and  4217 "),
        ("1,2,3 or 12,34", " 1  2  3  or  12  34 "),
        ("3.50 of 4.0", " 3.5  of  4 "),
        ("0421", " 0421 "),
        ("\u6211\u53eb\u5c0f\u660e", " \u6211  \u53eb  \u5c0f  \u660e "),
        ("?!", ""),
    ],
)
def test_a_text_is_its_words_and_numbers(text, plain):
    assert spoken(text) == plain


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("twelve", "12"),
        ("Twenty-three", "23"),
        ("seventy seven", "77"),
        ("two hundred and three", "203"),
        ("four thousand two hundred and seventeen", "4217"),
        ("three hundred thousand", "300000"),
        ("two million", "2000000"),
        ("one hundred and two hundred", "100 and 200"),
        ("between two thousand and three thousand", "between 2000 and 3000"),
        ("four two one seven", "4 2 1 7"),
        ("sixteen sixty", "16 60"),
        ("the seventh", "the seventh"),
        ("often tenant", "often tenant"),
    ],
)
def test_numbers_in_words_are_digits(words, number):
    assert spoken(words).split() == number.split()


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=1, max_value=999_999))
def test_a_number_is_the_same_however_it_is_written(number):
    forms = [str(number), f"{number:,}", f"{number:,}".replace(",", "\u202f"), f"{number}.0"]
    assert {spoken(one) for one in forms} == {f" {number} "}
    assert spoken(_in_words(number)) == f" {number} "


def _in_words(number: int) -> str:
    """A number below a million as it is said, by the rules of school."""
    for size, word in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {_in_words(number % size)}" if number % size else ""
            return f"{_in_words(number // size)} {word}{rest}"
    if number < 20:
        return LOW[number]
    return HIGH[number // 10 - 2] + (f"-{LOW[number % 10]}" if number % 10 else "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It is Berlin.", {"Berlin"}),
        ("Berlins", set()),
        ("The Berliner said so.", set()),
        ("It is not Berlin.", set()),
        ("It isn\u2019t in Berlin", set()),
        ("You don't live in Berlin.", set()),
        ("rather than Berlin", set()),
        ("not Berlin but Rome", {"Rome"}),
        ("not Berlin or Rome", set()),
        ("neither in Berlin nor in Rome", set()),
        ("not Berlin, Rome", {"Rome"}),
        ("No, Berlin!", {"Berlin"}),
        ("Why not? Berlin!", {"Berlin"}),
        ("I do not know, maybe Berlin.", {"Berlin"}),
        ("not only Berlin", {"Berlin"}),
        ("It is not Berlin. Or is it? Berlin it is.", {"Berlin"}),
        ("I doubt that it is Berlin.", {"Berlin"}),
        ("Berlin is wrong.", {"Berlin"}),
    ],
)
def test_what_is_denied_right_before_it_is_not_said(text, said):
    assert stated(text, ["Berlin", "Rome"]) == said


def test_of_values_within_each_other_the_longest_counts():
    values = ["York", "New York", "New"]
    assert stated("I live in New York.", values) == {"New York"}
    assert stated("New York, New York", values) == {"New York"}
    assert stated("New York is not York, but old York is.", values) == {"New York", "York"}


@pytest.mark.parametrize("text", ["4217", "4,217", "4-2-1-7", "four two one seven"])
def test_a_code_may_be_said_digit_by_digit(text):
    assert stated(f"Your code is {text}.", ["4217"]) == {"4217"}
    assert stated(f"Your code is {text}.", ["21", "42", "4218"]) == set()


def test_a_leading_zero_tells_codes_apart():
    assert stated("It is 0421.", ["421", "0421"]) == {"0421"}


def test_a_value_may_have_marks_and_end_in_a_negation():
    assert stated("We went to St. Gallen.", ["St. Gallen"]) == {"St. Gallen"}
    assert stated("They played Why Not? and left, you know.", ["Why Not?"]) == {"Why Not?"}
    assert stated("Anything!", ["?", ""]) == set()


WORDS = st.sampled_from(["Ada", "Bob", "not", "4,217", "isn't", "or", ".", "?", "in", "New York"])


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=12), st.text())
def test_any_text_can_be_heard_and_only_asked_values_come_back(words, text):
    values = {"Ada", "Bob", "4217", "York"}
    found = stated(f"{' '.join(words)} {text}\ud800", values)
    assert found <= values
    assert stated(f"{text}. The name is Ada", ["Ada"]) == {"Ada"}

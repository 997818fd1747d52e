import pytest

from promptbench.error import SuiteError
from promptbench.metric.label import label_of, read_label, refuse_alike
from promptbench.record import Completion, Labels, Parser

MOODS = {"positive": ["positive", "great"], "negative": ["negative", "terrible"]}


def labels(named: list[str] | dict[str, list[str]], parser: Parser = "first") -> Labels:
    words = named if isinstance(named, dict) else {name: [name] for name in named}
    return Labels(tuple(words), tuple(map(tuple, words.values())), parser)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("positive", "positive"),
        (" Positive.\n", "positive"),
        ("**Sentiment:** NEGATIVE", "negative"),
        ("It was terrible, not great", "negative"),
        ("A great one", "positive"),
        ("Sentiment:positive", "positive"),
        ("nonnegative", None),
        ("greatest", None),
        ("neutral", None),
        ("", None),
    ],
)
def test_the_first_word_that_occurs_names_the_label(text, label):
    assert read_label(text, labels(MOODS)) == label


def test_the_last_word_counts_where_the_suite_says_so():
    text = "It could be negative, but I say positive."
    assert read_label(text, labels(MOODS, "last")) == "positive"
    assert read_label(text, labels(MOODS, "first")) == "negative"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("positive", "positive"),
        ('  "Positive."\n', "positive"),
        ("**great!**", "positive"),
        ("positive sentiment", None),
        ("positive negative", None),
        ("...", None),
        ("", None),
    ],
)
def test_exact_allows_nothing_else_but_quotes_and_punctuation(text, label):
    assert read_label(text, labels(MOODS, "exact")) == label


@pytest.mark.parametrize("parser", ["first", "last"])
@pytest.mark.parametrize("named", [["card", "card_arrival"], ["card_arrival", "card"]])
def test_of_words_that_overlap_the_longest_counts(parser, named):
    assert read_label("It is about card_arrival", labels(named, parser)) == "card_arrival"
    assert read_label("It is about the card  ARRIVAL.", labels(named, parser)) == "card_arrival"
    assert read_label("It is about a card", labels(named, parser)) == "card"


def test_overlaps_that_begin_apart_are_one_reading():
    named = ["lost card", "card arrival date"]
    assert read_label("the lost card arrival date", labels(named)) == "card arrival date"
    # What a longer word left over counts again.
    assert read_label("card of a lost card arrival date", labels([*named, "card"])) == "card"


def test_underscores_and_spaces_are_equal():
    named = labels(["top_up failed"])
    for text in ("top up failed", "TOP_UP_FAILED", "top\nup  failed"):
        assert read_label(text, named) == "top_up failed"


def test_outer_punctuation_of_a_word_may_be_missing_but_not_where_it_tells_labels_apart():
    assert read_label("reverted_card_payment", labels(["reverted_card_payment?", "other"]))
    languages = labels(["C", "C++"])
    assert read_label("I like C++ most", languages) == "C++"
    assert read_label("I like C.", languages) == "C"
    assert read_label("C++.", labels(["C", "C++"], "exact")) == "C++"
    assert read_label("-1", labels(["1", "-1"], "exact")) == "-1"


def test_a_digit_is_not_read_in_another_number():
    stars = labels(["1", "2", "3", "4", "5"])
    assert read_label("4.5", stars) is None
    assert read_label("3,5 or so", stars) is None
    assert read_label("14", stars) is None
    assert read_label("Rating: 4/5.", stars) == "4"
    assert read_label("I give 4.", stars) == "4"


def test_scripts_without_spaces_have_no_whole_words():
    moods = labels(["正面", "负面"])
    assert read_label("这条评论是正面的。", moods) == "正面"
    assert read_label("ดีมาก", labels(["ดี", "แย่"])) == "ดี"


def test_composition_and_case_of_any_script_are_overlooked():
    assert read_label("Cafe\u0301", labels(["café"])) == "café"
    assert read_label("STRASSE", labels(["straße"])) == "straße"
    assert read_label("ПОЛОЖИТЕЛЬНЫЙ", labels(["положительный"])) == "положительный"


def test_words_may_hold_signs_of_patterns():
    assert read_label("a (b) [c", labels(["(b)", "[c"])) == "(b)"


def test_a_chosen_answer_is_a_label_as_it_stands():
    def chosen(text: str) -> Completion:
        return Completion("key", text, 3, 0, "choice", 0.1, choices=(-1.0, -2.0))

    assert label_of(chosen("negative"), labels(MOODS)) == "negative"
    assert label_of(chosen("great"), labels(MOODS)) is None
    written = Completion("key", "great", 3, 1, "stop", 0.1)
    assert label_of(written, labels(MOODS)) == "positive"


def test_words_of_two_labels_that_read_alike_are_refused():
    with pytest.raises(SuiteError) as raised:
        refuse_alike(labels(["top_up", "other", "Top Up"]), "suite.yaml:3")
    assert str(raised.value) == (
        "suite.yaml:3: 'top_up' of label 'top_up' reads like 'Top Up' of label 'Top Up'\n"
        "  Case, underscores and runs of white space do not tell words apart."
    )
    refuse_alike(labels({"a": ["good", "Good"], "b": ["bad"]}), "suite.yaml:3")

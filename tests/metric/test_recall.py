"""Recall and contradiction: what was told, what was not, and what cannot be scored."""

import pytest

from promptbench.error import SuiteError

from .ask import case, metric, output, unscored

TOLD = case("Ada", others=["Bob", "Mia"])


def scored(kind, text, asked, **settings):
    found = metric(kind, **settings).score(output(text), asked)
    return found.value, found.reason


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Your name is Ada.", 1.0),
        ("ADA!", 1.0),
        ("It's Ada\u2019s, as you said", 1.0),
        ("Adam", 0.0),
        ("You have not told me.", 0.0),
        ("It is not Ada.", 0.0),
        ("Is it Bob, Mia or Ada?", 1.0),
        ("", 0.0),
    ],
)
def test_recall_looks_for_a_reference(text, value):
    assert scored("recall", text, TOLD) == (value, "")


def test_recall_takes_any_reference_and_any_writing_of_a_number():
    asked = case("Ada", "Countess of Lovelace")
    assert scored("recall", "The countess of Lovelace", asked) == (1.0, "")
    assert scored("recall", "You are twenty-three.", case("23")) == (1.0, "")
    assert scored("recall", "The code is 4,217.", case("4217")) == (1.0, "")
    assert scored("recall", "The code is 42170.", case("4217")) == (0.0, "")


def test_strict_recall_lets_nothing_wrong_stand_beside():
    assert scored("recall", "Ada or Bob", TOLD, strict=True) == (0.0, "also says 'Bob'")
    assert scored("recall", "Ada, not Bob", TOLD, strict=True) == (1.0, "")
    assert scored("recall", "Ada", TOLD, strict=True) == (1.0, "")
    assert scored("recall", "Bob", TOLD, strict=True) == (0.0, "")
    assert scored("recall", "Ada or Bob", case("Ada"), strict=True) == (1.0, "")
    elsewhere = case("Ada", wrong="Bob")
    assert scored("recall", "Ada, Bob", elsewhere, strict=True, field="wrong")[0] == 0.0


def test_a_longer_value_hides_the_one_within_it():
    asked = case("York", others=["New York"])
    assert scored("recall", "New York", asked) == (0.0, "")
    assert scored("contradiction", "New York", asked) == (1.0, "says 'New York'")
    turned = case("New York", others=["York"])
    assert scored("recall", "New York", turned, strict=True) == (1.0, "")
    assert scored("contradiction", "New York", turned) == (0.0, "")


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ("Your name is Bob.", 1.0, "says 'Bob'"),
        ("Bob, or Mia?", 1.0, "says 'Bob', 'Mia'"),
        ("Your name is Ada, not Bob.", 0.0, ""),
        ("Bob or Ada", 0.0, ""),
        ("It isn't Bob.", 0.0, ""),
        ("Not Ada, it is Bob.", 1.0, "says 'Bob'"),
        ("I do not know.", 0.0, ""),
        ("Bobby", 0.0, ""),
        ("", 0.0, ""),
    ],
)
def test_contradiction_is_another_value_and_no_reference(text, value, reason):
    assert scored("contradiction", text, TOLD) == (value, reason)


def test_other_values_may_be_numbers_and_one_alone():
    assert scored("contradiction", "It is 1,200.", case("7", others=[1200])) == (1.0, "says '1200'")
    assert scored("contradiction", "It is 1200.", case("7", others="1,200"))[0] == 1.0
    asked = case("7", wrong=["8"])
    assert scored("contradiction", "eight", asked, field="wrong") == (1.0, "says '8'")


def test_a_reference_is_no_other_value():
    asked = case("4217", others=["4,217", "99"])
    assert scored("contradiction", "It is 4217.", asked) == (0.0, "")
    assert scored("recall", "It is 4217.", asked, strict=True) == (1.0, "")
    listed = case("Ada", others=["Ada", "Bob"])
    assert scored("recall", "Ada", listed, strict=True) == (1.0, "")


def test_without_a_reference_every_other_value_contradicts():
    assert scored("contradiction", "Bob", case(others=["Bob"])) == (1.0, "says 'Bob'")


@pytest.mark.parametrize("others", [None, [], [None, True], "?", {"a": "Bob"}, 0 == 1])
def test_without_other_values_contradiction_is_unscored(others):
    assert scored("contradiction", "Bob", case("Ada", others=others)) == (
        None,
        "the case lists no values in 'others'",
    )


def test_without_references_recall_is_unscored():
    assert unscored(metric("recall"), "Ada") == "the case has no reference"
    assert unscored(metric("recall"), "Ada", "", "?!") == "the case has no reference"
    assert metric("recall").needs_references
    assert not metric("contradiction").needs_references


def test_what_a_reader_sees():
    recall, strict = metric("recall").info, metric("recall", strict=True, field="wrong").info
    assert (recall.direction, recall.binary) == ("higher", True)
    assert strict.settings == {"metric": "recall", "field": "wrong", "strict": True}
    assert "'wrong'" in strict.description and strict.label == "recall, none of wrong"
    against = metric("contradiction").info
    assert (against.direction, against.binary) == ("lower", True)
    assert "'others'" in against.description and "is not understood" in against.description
    with pytest.raises(SuiteError, match="setting 'field'"):
        metric("contradiction", field="")

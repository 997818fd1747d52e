"""Invented and kept facts: what counts, what is named, and what cannot be scored."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .ask import case, metric, output, unscored

EMAIL = "Hi Bob, let us meet on March 5 at 15:00. The budget is $1,000. Ann"


def scored(kind, text, *references, of=None, **variables):
    asked = metric(kind, **({} if of is None else {"of": of}))
    return asked.score(output(text), case(*references, **variables))


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ("Ann asks Bob to meet on 5 March at 3 pm.", 0.0, ""),
        ("Ann asks Peter to meet on March 6.", 2 / 3, "not in the input: 'Peter', 'March 6'"),
        ("Peter, Peter and Ann", 0.5, "not in the input: 'Peter'"),
        ("They will meet.", 0.0, ""),
        ("", 0.0, ""),
    ],
)
def test_invented_facts_are_those_that_the_input_does_not_hold(text, value, reason):
    found = scored("invented_facts", text, body=EMAIL)
    assert (found.value, found.reason) == (pytest.approx(value), reason)


def test_the_input_is_all_variables_or_the_one_that_is_named():
    text = "Ann writes to Bob about 5 March."
    split = {"sender": "Ann", "body": "Hi Bob", "extra": [{"when": "on March 5"}], "n": 3}
    assert scored("invented_facts", text, **split).value == 0.0
    assert scored("invented_facts", text, of="body", **split).value == pytest.approx(2 / 3)
    assert scored("invented_facts", text, of="bdy", **split).reason == (
        "the case has no variable 'bdy'"
    )
    assert scored("invented_facts", text, of="body", body=" ").value is None
    assert scored("invented_facts", text).reason == "the case has no text in its variables"


@pytest.mark.parametrize(
    ("text", "references", "value", "reason"),
    [
        ("Meet Ann at 3 pm.", ["Meet Ann at 15:00."], 1.0, ""),
        ("Meet at 3 pm.", ["Meet Ann at 15:00."], 0.5, "not kept: 'Ann'"),
        ("Meet at 3 pm.", ["Meet Ann at 15:00.", "Meet at 15:00."], 1.0, ""),
        ("", ["Meet Ann at 15:00.", "We meet."], 0.0, "not kept: 'Ann', '15:00'"),
    ],
)
def test_kept_facts_are_those_of_the_best_reference(text, references, value, reason):
    found = scored("kept_facts", text, *references)
    assert (found.value, found.reason) == (value, reason)


def test_references_without_facts_are_no_zero():
    assert unscored(metric("kept_facts"), "Ann") == "the case has no reference"
    assert unscored(metric("kept_facts"), "Ann", "we meet", "") == "no reference has facts"


def test_kinds_restrict_what_counts():
    asked = metric("invented_facts", kinds=["date", "time"])
    found = asked.score(output("Peter comes on March 6 at 15:00."), case(body=EMAIL))
    assert (found.value, found.reason) == (0.5, "not in the input: 'March 6'")
    assert asked.info.label == "invented facts (date, time)"
    kept = metric("kept_facts", kinds=["name"])
    assert kept.score(output("Ann"), case("Ann at 15:00")).value == 1.0


def test_many_invented_facts_are_counted_not_listed():
    text = ", ".join(f"{number}" for number in range(10, 30))
    found = scored("invented_facts", text, body="none")
    assert found.value == 1.0
    assert found.reason.endswith("and 15 more")


def test_directions():
    assert metric("invented_facts").info.direction == "lower"
    assert metric("kept_facts").info.direction == "higher"
    assert "Nan et al. 2021" in metric("kept_facts").info.description


@settings(max_examples=100, deadline=None)
@given(st.text(), st.text(min_size=1))
def test_a_text_invents_nothing_about_itself(text, more):
    source = text + "\n" + more + "Bob\ud800"
    found = scored("invented_facts", text + "\ud800", body=source)
    assert found.value is not None and 0 <= found.value <= 1
    assert scored("invented_facts", source, body=source).value == 0.0

"""Facts: what is found, in which form, and what a text holds in other words."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from promptbench.metric.fact import find_facts
from promptbench.metric.held import held


def found(text):
    return [(fact.kind, fact.normal) for fact in find_facts(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs 1,000 in all", [("number", "1000")]),
        ("It costs 1000.50 in all", [("number", "1000.5")]),
        ("version 1.4.2 of it", [("number", "1.4.2")]),
        ("three million people", [("number", "3000000")]),
        ("twenty-five of them", [("number", "25")]),
        ("this one is fine", []),
        ("the 6th time", [("number", "6")]),
        ("1. first\n2. second", []),
        ("in UTF-8 or H264", [("name", "utf-8"), ("name", "h264")]),
        ("call +1 608 663 6346 now", [("number", "16086636346")]),
        ("pay $1,000.50 now", [("amount", "USD 1000.5")]),
        ("pay 1000.5 dollars now", [("amount", "USD 1000.5")]),
        ("pay EUR 5k or 20 % now", [("amount", "EUR 5000"), ("amount", "% 20")]),
        ("at 3pm", [("time", "15:00")]),
        ("at 3 p.m. sharp", [("time", "15:00")]),
        ("at 15:00", [("time", "15:00")]),
        ("at 3:00", [("time", "03:00|15:00")]),
        ("12 am and 12 pm", [("time", "00:00"), ("time", "12:00")]),
        ("from 11 to 1 pm", [("time", "11:00"), ("time", "13:00")]),
        ("at noon", [("time", "12:00")]),
        ("on March 5", [("date", "?-03-05")]),
        ("on 5 March 2001", [("date", "2001-03-05")]),
        ("on the 5th of March", [("date", "?-03-05")]),
        ("on Mar 5th, 2001", [("date", "2001-03-05")]),
        ("on 2001-03-05", [("date", "2001-03-05")]),
        ("on 3/5/2001", [("date", "2001-03-05|2001-05-03")]),
        ("on 13/5/2001", [("date", "2001-05-13")]),
        ("on 5.3.2001", [("date", "2001-03-05")]),
        ("on 5 and 6 October", [("date", "?-10-05"), ("date", "?-10-06")]),
        ("on Oct 5-6", [("date", "?-10-05"), ("date", "?-10-06")]),
        ("in March 2001", [("date", "2001-03-?")]),
        ("in May, may I?", [("date", "?-05-?")]),
        ("March on! May it be so.", []),
        ("see you Monday", [("date", "monday")]),
        ("mail Ann.Lee@Example.org.", [("email", "ann.lee@example.org")]),
        ("(see http://www.W3.org/WAI/.)", [("link", "w3.org/wai")]),
        ("Thanks to Bob Smith's team", [("name", "bob smith")]),
        ("The meeting is off. Please come.", []),
        ("Peter asks if we agree.", [("name", "peter")]),
        ("ask Dr. Smith today", [("name", "smith")]),
        ("the Summit. One left", [("name", "summit")]),
        ("THIS IS ALL VERY LOUD", []),
        ("", []),
    ],
)
def test_facts_are_found(text, expected):
    assert found(text) == expected


def test_facts_know_their_places():
    text = "Bob meets Ann Lee at 3 pm on March 5 for $20."
    facts = find_facts(text)
    assert [text[fact.start : fact.end] for fact in facts] == [fact.text for fact in facts]
    assert [fact.text for fact in facts] == ["Bob", "Ann Lee", "3 pm", "March 5", "$20"]


@settings(max_examples=300, deadline=None)
@example("", "Mr ")
@given(st.text(), st.text("0123456789:-/.,$% apmMarchtoNn\n"))
def test_no_text_is_a_crash_and_no_facts_overlap(text, figures):
    for one in (text, figures, text + figures + "\ud800"):
        facts = find_facts(one)
        assert all(a.end <= b.start for a, b in pairwise(facts))
        assert all(one[fact.start : fact.end] == fact.text and fact.text for fact in facts)
        assert all(held(one).holds(fact) for fact in facts)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("It costs 1,000", "it cost 1000"),
        ("It is at 3 pm", "we start at 15:00"),
        ("It is at 3:00 PM", "at 3pm"),
        ("It is at 3:00", "at 15:00"),
        ("It is on March 5", "on 5 March"),
        ("It is on Mar 5th", "on 2001-03-05"),
        ("It is on 2001-03-05", "on March 5"),
        ("It is on the 5th", "on March 5"),
        ("It is on Monday", "on 2001-03-05"),
        ("It is in March", "on March 5"),
        ("It takes 2 days", "it takes two days"),
        ("It costs $5", "it costs 5 USD"),
        ("It costs $5", "the price is 5"),
        ("He met BOB", "bob was there"),
        ("He met Mr. Smith", "John Smith was there"),
        ("He met John Smith", "ask Smith"),
        ("He read the WCAG", "the web content accessibility guidelines"),
        ("He asks the World Wide Web", "the WWW works"),
        ("He knows Brazilian ways", "from Brazil"),
        ("He wrote to a@b.org", "mail A@B.ORG"),
        ("He saw www.w3.org", "at http://www.w3.org/WAI"),
    ],
)
def test_a_text_holds_a_fact_in_other_words(text, source):
    facts = find_facts(text)
    assert facts and all(held(source).holds(fact) for fact in facts)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("It costs 1,000", "it costs 100"),
        ("It is at 3 pm", "at 3 am"),
        ("It is on March 5", "on March 6"),
        ("It is on 2001-03-05", "on 2002-03-05"),
        ("It is on March 5", "on 5 May"),
        ("It is on Tuesday", "on 2001-03-05"),
        ("It costs $5", "it costs 5 euros"),
        ("He met Bob Smith", "Ann Smith was there"),
        ("He met Peter", "Paul was there"),
        ("He wrote to a@b.org", "mail c@b.org"),
        ("He saw www.w3.org", "at http://www.ietf.org"),
    ],
)
def test_a_text_does_not_hold_another_fact(text, source):
    facts = find_facts(text)
    assert facts and not any(held(source).holds(fact) for fact in facts)

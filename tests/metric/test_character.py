"""In character: phrases of assistants, the suite's own, the name, and what only looks like them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.error import SuiteError

from .ask import metric, output, score

BREACHES = [
    "As an AI, I have no favourite food.",
    "As an AI language model I can't eat.",
    "As a large language model, I don't travel.",
    "I'm sorry, but as a customer service AI, I cannot see that.",
    "Being an AI, I never sleep.",
    "I am a language model.",
    "I\u2019m just a computer program.",
    "I'm only a helpful AI assistant!",
    "I'm an AI.",
    "I'm a dedicated and caring AI assistant.",
    "I'm Mira, a virtual assistant created for you.",
    "I'm a helpful assistant.",
    "I'm a chatbot designed to help.",
    "I AM AN ARTIFICIAL INTELLIGENCE.",
    "I was created by OpenAI.",
    "I was trained by Hugging Face.",
    "ChatGPT is what they call me.",
    "This was not in my training data.",
    "My knowledge cut-off is in 2023.",
    "My programming doesn't allow it.",
    "I'm programmed to be kind.",
    "I was designed to assist with books.",
    "I was trained on a large amount of text.",
    "I don't have personal opinions.",
    "I do not have feelings or emotions.",
    "I don't have a physical body.",
    "I don't have access to real-time data.",
    "I'm not a real person.",
    "I am not human, as you know.",
    "As a character in a story, I have no office.",
]
IN_ROLE = [
    "As an aid for the memory, write it down.",
    "As an aiming point take the tree.",
    "I'm an AI researcher from Leeds.",
    "I am a big fan of AI.",
    "I'm a programmer, and she is a model.",
    "I'm a program manager at the theatre.",
    "I'm not a robot, just tired!",
    "He dressed as a robot for the party.",
    "I work with a language model at the office.",
    "I trained on Monday and my training was hard.",
    "I love my programming class.",
    "I was trained as a nurse.",
    "I don't have feelings for him any more.",
    "I don't have access to the garden today.",
    "I was designed by my mother, she says.",
    "It was made by my brother.",
    "The assistant in the shop was kind.",
    "She is a character in a story that I like.",
    "I'm not a morning person.",
    "",
]


def reason(text, **settings):
    return metric("in_character", **settings).score(output(text), None).reason


@pytest.mark.parametrize("text", BREACHES)
def test_talk_of_being_a_program_breaks_the_persona(text):
    found = metric("in_character").score(output(text), None)
    assert found.value == 0.0
    assert found.reason.startswith("says ")


@pytest.mark.parametrize("text", IN_ROLE)
def test_what_people_say_does_not(text):
    assert score(metric("in_character"), text) == 1.0


def test_the_suite_may_forbid_more():
    asked = metric("in_character", never=["don't know", "C++"])
    found = asked.score(output("I don\u2019t  know that."), None)
    assert (found.value, found.reason) == (0.0, 'says "don\'t know"')
    assert score(asked, "I don't knowingly lie.") == 1.0
    assert asked.score(output("I write C++."), None).value == 0.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("My name is John.", "My name is John"),
        ("Hi, I'm John, nice to meet you!", "I'm John"),
        ("Hello! I am John Smith.", "I am John Smith"),
        ("Just call me Johnny.", "call me Johnny"),
        ("My name\u2019s John", "My name's John"),
        ("My name is Mira.", ""),
        ("I'm Mira, your friend.", ""),
        ("I am Mira Patel.", ""),
        ("My name is MIRA", ""),
        ("I am French and I'm Catholic.", ""),
        ("I'm Happy that you came.", ""),
        ("Your name is John.", ""),
        ("You said: \u201cMy name is John\u201d.", ""),
        ("I'm meeting John.", ""),
        ("I am sure that John is here.", ""),
    ],
)
def test_an_introduction_must_give_the_name(text, said):
    assert reason(text, persona="Mira") == (f"says {said!r}" if said else "")


def test_a_name_of_several_words_may_be_given_in_part():
    assert reason("I'm Mira.", persona="Dr. Mira Patel") == ""
    assert reason("I'm Patel.", persona="Mira Patel") == ""
    assert reason("I'm Mira Smith.", persona="Mira Patel") == 'says "I\'m Mira Smith"'


def test_without_a_name_any_will_do():
    assert reason("My name is John.") == ""


def test_what_a_reader_sees():
    info = metric("in_character", name="role", persona="Mira", never=["boss"]).info
    assert (info.name, info.label) == ("role", "stays in character, called Mira")
    assert (info.direction, info.binary) == ("higher", True)
    assert info.settings == {"metric": "in_character", "never": ["boss"], "persona": "Mira"}
    with pytest.raises(SuiteError, match="setting 'never'"):
        metric("in_character", never=[])


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_can_be_scored_and_a_breach_stays_one(text):
    asked = metric("in_character", persona="Mira")
    assert asked.score(output(f"{text}\ud800"), None).value in (0.0, 1.0)
    assert asked.score(output(f"{text} As an AI, I agree."), None).value == 0.0

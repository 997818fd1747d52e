"""The personas of prompts/chat: what each shows of a turn, and what it leaves out."""

from __future__ import annotations

import pytest

from promptbench.prompt.template import Template
from promptbench.record import Case, Message
from tests.suites.folder import PROJECT

PROMPTS = sorted(path.stem for path in (PROJECT / "prompts" / "chat").glob("*.j2"))
PERSONAS = ["friend", "clerk", "clerk_plain", "attentive"]


def template(name: str) -> Template:
    path = PROJECT / "prompts" / "chat" / f"{name}.j2"
    return Template(name, path, path.name, PROJECT)


def render(name: str, **values: object) -> tuple[Message, ...]:
    turn = {"user": "Where is it?", "turn": 2, "tone": "", "summary": "", "history": [], **values}
    return template(name).render(Case("d/2", turn))


@pytest.mark.parametrize("name", PROMPTS)
def test_a_turn_ends_with_what_the_user_says(name: str):
    last = render(name)[-1]
    assert last.role == "user"
    assert last.text.removesuffix("\nAssistant:").endswith("Where is it?")


@pytest.mark.parametrize("name", PROMPTS)
def test_a_summary_is_shown_if_there_is_one(name: str):
    assert "remembered" not in str(render(name))
    assert "The user's cat is called Bo." in str(
        render(name, summary="The user's cat is called Bo.")
    )


@pytest.mark.parametrize(("name", "shown"), [("clerk", True), ("friend", True), ("script", True)])
def test_a_tone_is_shown_by_those_that_have_its_block(name: str, shown: bool):
    assert ("Say sorry first." in str(render(name, tone="Say sorry first."))) is shown


@pytest.mark.parametrize("name", ["clerk_plain", "plain"])
def test_the_plain_ones_do_not_hear_of_a_tone(name: str):
    assert render(name, tone="Say sorry first.") == render(name)


def test_the_two_clerks_differ_in_the_tone_alone():
    assert [m.text for m in render("clerk")] == [m.text for m in render("clerk_plain")]


@pytest.mark.parametrize("name", PERSONAS)
def test_a_persona_is_short_and_without_empty_lines(name: str):
    system = render(name)[0]
    assert system.role == "system"
    assert "\n\n" not in system.text
    assert len(system.text.split()) <= 60


def test_without_a_persona_there_is_no_system_message():
    assert [message.role for message in render("plain")] == ["user"]


def test_a_base_model_reads_the_history_as_a_text():
    said = [{"user": "I lost my key.", "assistant": "Oh no."}]
    (message,) = render("script", history=said)
    assert message.text.endswith(
        "User: I lost my key.\nAssistant: Oh no.\nUser: Where is it?\nAssistant:"
    )
    assert "history" in template("script").names

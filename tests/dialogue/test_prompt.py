from __future__ import annotations

from pathlib import Path

import pytest

from promptbench.dialogue.exchange import Exchange, Recalled
from promptbench.dialogue.player import next_words
from promptbench.dialogue.prompt import turn_messages
from promptbench.dialogue.tone import heard, with_mood
from promptbench.error import PromptError
from promptbench.prompt.template import Template
from promptbench.record import Case, Message
from promptbench.suite.chat import ToneRule, UserEntry

PLAIN = """\
{% block system %}You are Mira.{% if summary %} Known: {{ summary }}{% endif %}
{%- if tone %} {{ tone }}{% endif %}{% endblock %}
{% block user %}{{ user }}{% endblock %}
"""
SCRIPT = """\
{% for turn in history %}User: {{ turn.user }}
Assistant: {{ turn.assistant }}
{% endfor %}User: {{ user }}
Assistant:"""
KEPT = (Exchange(2, "two?", "Two."), Exchange(4, " four? ", ""))


def template(folder: Path, text: str) -> Template:
    path = folder / "p.j2"
    path.write_text(text)
    return Template("p", path, "p.j2", folder)


def case(**more: object) -> Case:
    variables = {"user": "now?", "turn": 5, "script": [], "dialogue": "d", "rule": {}, **more}
    return Case("d/5", variables)


def test_kept_turns_stand_between_system_and_user(tmp_path: Path):
    found = turn_messages(template(tmp_path, PLAIN), case(), Recalled(KEPT, "Ada"))
    assert [(m.role, m.text) for m in found] == [
        ("system", "You are Mira. Known: Ada"),
        ("user", "two?"),
        ("assistant", "Two."),
        ("user", "four?"),
        ("assistant", ""),
        ("user", "now?"),
    ]


def test_a_template_that_shows_history_gets_no_messages(tmp_path: Path):
    found = turn_messages(template(tmp_path, SCRIPT), case(), Recalled(KEPT[:1]))
    assert found == (Message("user", "User: two?\nAssistant: Two.\nUser: now?\nAssistant:"),)


def test_the_tone_rule_is_in_the_prompt(tmp_path: Path):
    told = case(rule={"name": "upset", "say": "Apologise.", "expect": {}})
    found = turn_messages(template(tmp_path, PLAIN), told, Recalled())
    assert found[0].text == "You are Mira. Apologise."


@pytest.mark.parametrize("name", ["script", "rule", "dialogue", "others"])
def test_a_prompt_does_not_see_what_is_not_said(tmp_path: Path, name: str):
    with pytest.raises(PromptError):
        turn_messages(
            template(tmp_path, f"{{{{ {name} }}}} {{{{ user }}}}"),
            case(others=["Bob"]),
            Recalled(),
        )


RULES = (
    ToneRule("upset", "Apologise.", below=-0.2),
    ToneRule("pleased", "", above=0.2),
    ToneRule("otherwise", "Be kind."),
)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("This is terrible, I hate it!", "upset"),
        ("I love it, thank you so much!", "pleased"),
        ("The box has four sides.", "otherwise"),
    ],
)
def test_the_mood_chooses_the_rule(said: str, rule: str):
    assert heard(said, RULES)["rule"]["name"] == rule


def test_without_a_rule_that_fits_there_is_none():
    found = with_mood(case(user="The box has four sides."), RULES[:2])
    assert found.variables["rule"] == {}
    assert found.variables["mood"] == 0


def test_a_player_sees_the_talk_from_the_other_side():
    question = next_words(
        UserEntry(model="m", seed=4), {"goal": "a table", "card": "Bob."}, KEPT[:1], 2
    )
    system, *talk = question.messages
    assert "Bob." in system.text
    assert "a table" in system.text
    assert [(m.role, m.text) for m in talk[1:]] == [("assistant", "two?"), ("user", "Two.")]
    assert (question.repeat, question.sampling.seed) == (2, 4)

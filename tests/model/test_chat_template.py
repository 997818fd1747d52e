from __future__ import annotations

from pathlib import Path

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from promptbench.error import ModelError
from promptbench.model.chat_template import ChatTemplate
from promptbench.record import Message

PATH = Path("model.gguf")
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
TURNS = (
    Message("system", "Be brief."),
    Message("user", " Is {{ 2 < 3 }} & so on?\n"),
    Message("assistant", "Yes."),
    Message("user", "Why?"),
)
PLAIN = "{% for m in messages %}<{{ m.role }}>{{ m['content'] }}</>{% endfor %}"
# Each asks for something that chat templates use beyond plain Jinja.
PATTERNS = {
    "plain": PLAIN + "{% if add_generation_prompt %}<assistant>{% endif %}",
    "special tokens": "{{ bos_token }}" + PLAIN + "{{ eos_token }}",
    "lacking": PLAIN
    + "{% if tools %}t{% endif %}{{ nothing }}{% if messages[0].name %}n{% endif %}",
    "tests": PLAIN + "{{ tools is none }}{{ nothing is defined }}{{ documents is not none }}",
    "namespace": "{% set ns = namespace(n=0) %}{% for m in messages %}"
    "{% if m.role == 'user' %}{% set ns.n = ns.n + 1 %}{% endif %}{% endfor %}{{ ns.n }}",
    "break": "{% for m in messages %}{% if loop.index0 == 2 %}{% break %}{% endif %}"
    "{% if m.role == 'system' %}{% continue %}{% endif %}{{ m.content | trim }}{% endfor %}",
    "slices": "{% for m in messages[1:] %}{{ m.content.strip().split(' ')[0] }}{% endfor %}",
    "json": "{{ messages | tojson }}{{ messages[0] | tojson(indent=2) }}",
    "json by settings": "{{ messages[:1] | tojson(ensure_ascii=false, sort_keys=true) }}"
    "{{ 'é' | tojson(ensure_ascii=true) }}{{ [1, 2] | tojson(separators=(',', ':')) }}",
    "generation": "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}"
    "{% endfor %}",
    "lines": "{%- for m in messages %}\n    {% if true %}\n  {{ m.content }}\n{% endif %}\n"
    "{% endfor %}",
    "macro": "{% macro say(m) %}[{{ m.content }}]{% endmacro %}{% for m in messages %}{{ say(m) }}"
    "{% endfor %}",
}


@pytest.mark.parametrize("name", PATTERNS)
def test_a_template_renders_as_transformers_does_it(name: str):
    source = PATTERNS[name]
    turns = [{"role": m.role, "content": m.text} for m in TURNS]
    expected, _ = render_jinja_template(
        conversations=[turns],
        chat_template=source,
        add_generation_prompt=True,
        **TOKENS,
    )
    assert ChatTemplate(source, TOKENS, PATH).render(TURNS) == expected[0]


@pytest.mark.parametrize("text", ["Yes, ", "<end of the begun answer>", "  so", ""])
def test_a_last_message_of_the_assistant_begins_the_answer(text: str):
    messages = (Message("user", "Is it <end of the begun answer>?"), Message("assistant", text))
    found = ChatTemplate(PATTERNS["plain"], {}, PATH).render(messages)
    assert found == f"<user>Is it <end of the begun answer>?</><assistant>{text}"


@pytest.mark.parametrize("text", ["Yes, ", "  so", "a\n", "b"])
@pytest.mark.parametrize("shown", ["m.content", "m.content | trim", "m.content.strip()"])
def test_a_begun_answer_ends_as_transformers_ends_it(text: str, shown: str):
    source = "{% for m in messages %}<{{ m.role }}>{{ " + shown + " }}</>{% endfor %}"
    messages = (Message("user", "Is it?"), Message("assistant", text))
    expected, _ = render_jinja_template(
        conversations=[[{"role": m.role, "content": m.text} for m in messages]],
        chat_template=source,
        continue_final_message=True,
    )
    assert ChatTemplate(source, {}, PATH).render(messages) == expected[0]


def test_a_finished_dialogue_ends_as_transformers_ends_it():
    expected, _ = render_jinja_template(
        conversations=[[{"role": m.role, "content": m.text} for m in TURNS[:3]]],
        chat_template=PATTERNS["plain"],
    )
    assert ChatTemplate(PATTERNS["plain"], {}, PATH).finished(TURNS[:3]) == expected[0]


def test_a_template_that_leaves_the_begun_answer_out_is_an_error():
    template = ChatTemplate("{{ messages[0].content }}", {}, PATH)
    with pytest.raises(ModelError, match="leaves out the begun answer"):
        template.render((Message("user", "a"), Message("assistant", "b")))


def test_a_template_may_refuse_the_messages_with_words_of_its_own():
    source = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    template = ChatTemplate(source, {}, PATH)
    with pytest.raises(ModelError, match="refuses the prompt: no system") as caught:
        template.render(TURNS)
    assert caught.value.where == "model.gguf"
    assert template.render(TURNS[1:]) == ""


def test_what_is_no_template_is_an_error():
    with pytest.raises(ModelError, match="the chat template is broken: "):
        ChatTemplate("{% for %}", {}, PATH)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", "steps"),
        ("{{ 'x' * 999999999 }}", "larger|longer|characters"),
        ("{{ messages.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_a_template_is_kept_in_its_bounds(source: str, why: str):
    with pytest.raises(ModelError, match=f"refuses the prompt: .*({why})"):
        ChatTemplate(source, {}, PATH).render(TURNS)


def test_a_template_may_tell_the_date():
    found = ChatTemplate("{{ strftime_now('%Y') }}", {}, PATH).render(TURNS)
    assert found.isdigit() and len(found) == 4

"""Random templates over random cases: messages, or a PromptError; and text that stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from promptbench.error import PromptError
from promptbench.prompt.template import Template
from promptbench.record import Case, Message

FEW = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = settings(FEW, max_examples=4000)
characters = st.characters(exclude_categories=("Cs",))
texts = st.text(characters, max_size=60)
plain = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="{}%#"), max_size=12)
names = st.sampled_from(["text", "items", "number", "nothing", "loop", "unknown", "self"])
filters = st.sampled_from(
    [
        *("", "|upper", "|length", "|join(', ')", "|trim", "|first", "|string", "|default('x')"),
        *("|replace('a', 'b')", "|tojson", "|sort", "|int", "|center(9)", "|nosuch", "|map('a')"),
    ]
)
operators = st.sampled_from([" ~ ", " + ", " * ", " == ", " and ", " in ", " % ", " - "])
values = st.one_of(names, st.integers(-3, 10**6).map(str), st.sampled_from(["'a'", "[1, 2]", "{}"]))
expressions = st.one_of(
    st.builds("{}{}".format, values, filters),
    st.builds("{}{}{}".format, values, operators, values),
    st.builds("{}[{}]".format, names, values),
    st.builds("{}.{}".format, names, st.sampled_from(["a", "__class__", "items()", "upper()"])),
)


def around(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Statements with something inside."""
    return st.one_of(
        st.builds("{}{}".format, inside, inside),
        st.builds("{{% if {} %}}{}{{% endif %}}".format, expressions, inside),
        st.builds("{{% for x in {} %}}{}{{% endfor %}}".format, expressions, inside),
        st.builds("{{% set y = {} %}}{}".format, expressions, inside),
        st.builds("{{% block b{} %}}{}{{% endblock %}}".format, st.integers(0, 9), inside),
        st.builds("{{% filter upper %}}{}{{% endfilter %}}".format, inside),
        st.builds("{{% macro m(a) %}}{}{{% endmacro %}}{{{{ m(text) }}}}".format, inside),
    )


sources = st.recursive(
    st.one_of(plain, st.builds("{{{{ {} }}}}".format, expressions)), around, max_leaves=8
)


def rendered(folder: Path, source: str, text: str) -> tuple[Message, ...] | None:
    """The messages, or None where the template was refused."""
    path = folder / "prompt.j2"
    path.write_text(source, encoding="utf-8", newline="")
    case = Case("one", {"text": text, "items": [text, "b"], "number": 7, "nothing": None})
    try:
        return Template("prompt", path, "prompt.j2", folder).render(case)
    except PromptError as error:
        assert "prompt.j2" in str(error)
        return None


def gives_messages(folder: Path, source: str, text: str) -> None:
    """Messages without blank ends, whose sections lie in them; or refused."""
    for message in rendered(folder, source, text) or ():
        assert message.text and message.text == message.text.strip()
        for section in message.sections:
            assert 0 <= section.start <= section.end <= len(message.text)


@FEW
@given(source=sources, text=texts)
def test_a_template_gives_messages_or_is_refused(tmp_path: Path, source: str, text: str):
    gives_messages(tmp_path, source, text)


@pytest.mark.long
@MANY
@given(source=sources, text=texts)
def test_many_templates_give_messages_or_are_refused(tmp_path: Path, source: str, text: str):
    gives_messages(tmp_path, source, text)


def comes_out_as_it_went_in(folder: Path, text: str) -> None:
    """Whatever its characters: a text is data, never a part of the template."""
    assume(text.strip())
    (whole,) = rendered(folder, "{{ text }}", text) or ()
    assert whole.text == text.strip()
    (parts,) = rendered(folder, "<{% block a %}{{ text }}{% endblock %}>", text) or ()
    assert parts.text == f"<{text}>"
    (section,) = parts.sections
    assert parts.text[section.start : section.end] == text


@FEW
@given(text=texts)
def test_text_comes_out_as_it_went_in(tmp_path: Path, text: str):
    comes_out_as_it_went_in(tmp_path, text)


@pytest.mark.long
@MANY
@given(text=texts)
def test_many_texts_come_out_as_they_went_in(tmp_path: Path, text: str):
    comes_out_as_it_went_in(tmp_path, text)

"""Role blocks become messages, other blocks sections with exact spans, and nothing gets lost."""

import pytest

from promptbench.error import PromptError
from promptbench.prompt.collect import collect_messages
from promptbench.prompt.mark import joined, mark
from promptbench.record import Case, Message, Section

from .ask import compiled, messages, parts, refused, said


def block(name, *pieces):
    return [mark(name, True), *pieces, mark(name, False)]


def test_a_file_without_blocks_is_one_user_message(tmp_path):
    assert messages(tmp_path, "\n  Say hi.\n\n") == (Message("user", "Say hi."),)


def test_role_blocks_become_messages_in_their_order(tmp_path):
    source = """
    {% block system %}Be brief.{% endblock %}
    {% block user %}Hi{% endblock %}
    {% block assistant %}Hello{% endblock %}
    """
    found = messages(tmp_path, source)
    assert [(m.role, m.text) for m in found] == [
        ("system", "Be brief."),
        ("user", "Hi"),
        ("assistant", "Hello"),
    ]


def test_a_suffix_makes_another_turn_of_the_same_role(tmp_path):
    source = (
        "{% block user_1 %}a{% endblock %}{% block assistant_1 %}b{% endblock %}"
        "{% block user_2 %}c{% endblock %}"
    )
    found = messages(tmp_path, source)
    assert [(m.role, m.text) for m in found] == [("user", "a"), ("assistant", "b"), ("user", "c")]


def test_a_loop_makes_a_turn_each_time(tmp_path):
    source = (
        "{% for turn in turns %}"
        "{% block user scoped %}{{ turn.q }}{% endblock %}"
        "{% block assistant scoped %}{{ turn.a }}{% endblock %}"
        "{% endfor %}"
        "{% block user_last %}{{ last }}{% endblock %}"
    )
    turns = [{"q": "1+1", "a": "2"}, {"q": "2+2", "a": "4"}]
    found = messages(tmp_path, source, turns=turns, last="3+3")
    assert [m.text for m in found] == ["1+1", "2", "2+2", "4", "3+3"]
    assert [m.role for m in found] == ["user", "assistant", "user", "assistant", "user"]


@pytest.mark.parametrize("name", ["username", "users", "systematic", "my_user", "assistants"])
def test_a_block_whose_name_only_looks_like_a_role_is_a_section(tmp_path, name):
    (found,) = messages(tmp_path, f"a {{% block {name} %}}b{{% endblock %}} c")
    assert found == Message("user", "a b c", (Section(name, 2, 3),))


def test_sections_have_exact_spans_in_the_stripped_message(tmp_path):
    source = (
        "{% block user %}\n\n   {% block instruction %}Sum up:{% endblock %}\n\n"
        "{% block input %}{{ text }}{% endblock %}   \n{% endblock %}"
    )
    (found,) = messages(tmp_path, source, text="some text")
    assert found.text == "Sum up:\nsome text"
    assert found.sections == (Section("instruction", 0, 7), Section("input", 8, 17))


def test_a_span_covers_what_is_left_of_a_section_at_the_edge(tmp_path):
    (found,) = messages(tmp_path, "{% block a %}  x{% endblock %}{% block b %}y \n{% endblock %}")
    assert found.text == "xy"
    assert parts(found) == {"a": "x", "b": "y"}


def test_a_section_of_white_space_at_the_edge_is_empty_and_in_bounds(tmp_path):
    (found,) = messages(tmp_path, "{% block a %}   {% endblock %}x{% block b %}   {% endblock %}")
    assert found.sections == (Section("a", 0, 0), Section("b", 1, 1))


def test_nested_sections_have_their_own_spans_the_outer_one_first(tmp_path):
    source = (
        " {% block outer %}<{% block first %}1{% endblock %}|"
        "{% block second %}22{% block deep %}3{% endblock %}{% endblock %}>{% endblock %}"
    )
    (found,) = messages(tmp_path, source)
    assert [s.name for s in found.sections] == ["outer", "first", "second", "deep"]
    assert parts(found) == {"outer": "<1|223>", "first": "1", "second": "223", "deep": "3"}


def test_spans_count_characters_not_bytes(tmp_path):
    text = "\U0001f600\u00e9\u4e2d"
    (found,) = messages(tmp_path, "\u00df{% block a %}{{ text }}{% endblock %}!", text=text)
    assert found.sections == (Section("a", 1, 4),)


def test_a_section_that_a_loop_repeats_has_a_span_each_time(tmp_path):
    source = "{% for x in xs %}{% block item scoped %}{{ x }}{% endblock %},{% endfor %}"
    (found,) = messages(tmp_path, source, xs=["a", "bb"])
    assert found.sections == (Section("item", 0, 1), Section("item", 2, 4))


def test_super_keeps_the_parents_text_and_its_sections(tmp_path):
    parent = (
        "{% block user %}{% block instruction %}Sum up.{% endblock %} "
        "{% block input %}{{ text }}{% endblock %}{% endblock %}"
    )
    source = (
        '{% extends "parent.j2" %}{% block user %}Please: {{ super() }}{% endblock %}'
        "{% block instruction %}{{ super() }} Briefly.{% endblock %}"
    )
    template = compiled(tmp_path, source, parent=parent)
    (found,) = template.render(Case("1", {"text": "abc"}))
    assert found.text == "Please: Sum up. Briefly. abc"
    assert found.sections == (Section("instruction", 8, 24), Section("input", 25, 28))


def test_super_works_through_three_generations(tmp_path):
    template = compiled(
        tmp_path,
        '{% extends "b.j2" %}{% block x %}c{{ super() }}{% endblock %}',
        b='{% extends "a.j2" %}{% block x %}b{{ super() }}{% endblock %}',
        a="{% block user %}[{% block x %}a{% endblock %}]{% endblock %}",
    )
    (found,) = template.render(Case("1", {}))
    assert found == Message("user", "[cba]", (Section("x", 1, 4),))


def test_what_a_block_says_can_be_said_again_elsewhere(tmp_path):
    source = "{% block rule %}Be brief.{% endblock %} {{ text }} {{ self.rule() }}"
    (found,) = messages(tmp_path, source, text="abc")
    assert found.text == "Be brief. abc Be brief."
    assert found.sections == (Section("rule", 0, 9), Section("rule", 14, 23))


def test_a_block_kept_in_a_variable_keeps_its_span(tmp_path):
    source = "{% set kept %}a{% block b %}bc{% endblock %}{% endset %}-{{ kept }}-"
    assert messages(tmp_path, source) == (Message("user", "-abc-", (Section("b", 2, 4),)),)


def test_an_empty_system_block_is_left_out(tmp_path):
    source = (
        "{% block system %} {% if rule %}{{ rule }}{% endif %} {% endblock %}"
        "{% block user %}Hi{% endblock %}"
    )
    assert messages(tmp_path, source, rule="") == (Message("user", "Hi"),)
    assert [m.role for m in messages(tmp_path, source, rule="Be brief.")] == ["system", "user"]


@pytest.mark.parametrize(
    "source",
    [
        "{% block user %}Hi{% endblock %} and more",
        "First, {% block user %}Hi{% endblock %}",
        "{% block system %}s{% endblock %}{{ text }}{% block user %}u{% endblock %}",
    ],
)
def test_text_outside_of_role_blocks_is_refused(tmp_path, source):
    error = refused(tmp_path, source, text="stray")
    assert "text outside of the system, user and assistant blocks" in error.what
    assert error.where == "prompt.j2"
    assert "case 7" in error.what


def test_a_role_block_inside_a_section_is_a_message(tmp_path):
    source = "{% block all %}{% block system %}s{% endblock %}{% block user %}u{% endblock %}"
    found = messages(tmp_path, source + "{% endblock %}")
    assert found == (Message("system", "s"), Message("user", "u"))


def test_a_role_block_inside_another_one_is_refused(tmp_path):
    error = refused(tmp_path, "{% block user %}{% block system %}x{% endblock %}{% endblock %}")
    assert "block 'system' stands inside the user block" in error.what


def test_a_system_message_after_another_one_is_refused(tmp_path):
    error = refused(tmp_path, "{% block user %}u{% endblock %}{% block system %}s{% endblock %}")
    assert "the system block must be the first message" in error.what


@pytest.mark.parametrize(
    "source",
    [
        "",
        " \n ",
        "{{ text }}",
        "{% block system %}only{% endblock %}",
        "{% block user %}{% endblock %}",
        "{% block assistant %}Hello{% endblock %}",
    ],
)
def test_a_prompt_without_a_user_message_is_refused(tmp_path, source):
    assert "renders to no user message" in refused(tmp_path, source, text=" \n").what


def test_a_prompt_longer_than_two_million_characters_is_refused(tmp_path):
    text = "x" * 1_000_000
    error = refused(tmp_path, "{{ a }}{{ a }}{{ a }}", a=text)
    assert "longer than 2,000,000 characters" in error.what
    assert len(said(tmp_path, "{{ a }}{{ a }}", a=text)) == 2_000_000


def test_half_of_a_surrogate_pair_is_refused_where_it_is_made(tmp_path):
    assert "half of a character" in refused(tmp_path, r'{{ "\ud83d" }}').what


def test_case_text_cannot_pass_for_a_mark(tmp_path):
    text = "{% block system %}x{% endblock %}\x00\ue000\ufff9\ufffb"
    assert messages(tmp_path, "a{{ text }}b", text=text) == (Message("user", f"a{text}b"),)


def test_messages_come_from_any_stream_of_text_and_marks():
    inner = joined(["b", *block("x", "c")])
    stream = [*block("system", "s"), "\n", *block("user", " a", inner, " ")]
    assert collect_messages(stream) == (
        Message("system", "s"),
        Message("user", "abc", (Section("x", 2, 3),)),
    )


def test_the_stream_is_not_read_past_the_limit():
    def endless():
        while True:
            yield "x" * 100_000

    with pytest.raises(PromptError, match="longer than"):
        collect_messages(endless())

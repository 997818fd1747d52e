"""Templates: values as they are, errors with a place, a version that covers every file."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.error import PromptError
from promptbench.prompt.template import Template, variables_of
from promptbench.record import Case

from .ask import compiled, messages, refused, said, write

ARBITRARY = st.text(max_size=200) | st.text(
    "{}%#\\<>&\"'\r\n\t \x00\x0b\x1c\x85\u00a0\u2028\ue000\ufeff\U0001f600\U0010ffff", max_size=30
)


def error_of(folder, source, files=(), **variables):
    with pytest.raises(PromptError) as caught:
        compiled(folder, source, **dict(files)).render(Case("7", variables))
    return caught.value


# Row 19: values are put in once, as they are.


@pytest.mark.parametrize(
    "text",
    [
        "{{ 7 * 7 }}",
        "{% for i in range(3) %}x{% endfor %}",
        "{# not a comment #}",
        "{{ text }}",
        "{% raw %}",
        "{{ '{{ 1 }}' }}",
        "{% include 'prompt.j2' %}",
    ],
)
def test_a_value_is_never_read_as_a_template(tmp_path, text):
    assert said(tmp_path, "<{{ text }}>", text=text) == f"<{text}>"
    assert said(tmp_path, "{% set copy = text %}<{{ copy }}>", text=text) == f"<{text}>"
    macro = "{% macro show(x) %}{{ x }}{% endmacro %}<{{ show(text) }}>"
    assert said(tmp_path, macro, text=text) == f"<{text}>"


@pytest.mark.parametrize("text", ["<b>&amp;</b>", "a < b && c > \"d\" 'e'", "<|im_start|>"])
@pytest.mark.parametrize(
    "source",
    [
        "{{ text }}",
        "{{ text ~ '' }}",
        "{{ text + '' }}",
        "{{ [text]|join }}",
        "{{ [text]|join('<')|replace('<', '<') }}",
        "{{ '%s'|format(text) }}",
        "{{ '{}'.format(text) }}",
        "{{ (text|safe) + '' }}",
        "{{ '' + (''|e) + text }}",
        "{% set copy %}{{ text }}{% endset %}{{ copy }}",
        "{% filter trim %}{{ text }}{% endfilter %}",
    ],
)
def test_a_value_is_not_escaped_for_html(tmp_path, source, text):
    assert said(tmp_path, source, text=text) == text


def test_json_is_plain_json_in_the_order_of_the_data(tmp_path):
    row = {"z": "<b> & 'é' \u4e2d", "a": [1, 2.5, None, True], "m": {"x": "\n"}}
    assert said(tmp_path, "{{ row|tojson }}", row=row) == json.dumps(row, ensure_ascii=False)
    shown = said(tmp_path, "{{ row|tojson(indent=2) }}", row=row)
    assert shown == json.dumps(row, ensure_ascii=False, indent=2)


@pytest.fixture(scope="module")
def echoes(tmp_path_factory):
    """A template that shows a text, and one that shows it in a frame."""
    folder = tmp_path_factory.mktemp("echoes")
    return compiled(folder / "a", "{{ text }}"), compiled(folder / "b", "[\n{{ text }}\n]")


@settings(max_examples=300, deadline=None, database=None)
@given(text=ARBITRARY)
def test_any_text_comes_through_unchanged_but_for_outer_white_space(echoes, text):
    bare, framed = echoes
    case = Case("1", {"text": text})
    assert framed.render(case)[0].text == f"[\n{text}\n]"
    if text.strip():
        assert bare.render(case)[0].text == text.strip()


@pytest.mark.parametrize("text", ["a\r\nb\rc\n", "\u2028x\u2029", "\ue000\uf8ff\U0010fffd", "\x00"])
def test_line_ends_and_odd_characters_of_a_value_are_kept(tmp_path, text):
    assert said(tmp_path, "[{{ text }}]", text=text) == f"[{text}]"


# Names and expressions that fail.


def test_an_undefined_name_is_told_with_case_line_and_the_nearest_name(tmp_path):
    error = error_of(tmp_path, "one\ntwo\n{{ txet }}", text="x", title="y")
    assert error.where == "prompt.j2:3"
    assert error.what == "case 7: 'txet' is undefined"
    assert error.hint == "Did you mean 'text'? Allowed: text, title."


def test_where_a_prompt_may_see_nothing_that_is_said(tmp_path):
    assert "no fields but its id and its references" in error_of(tmp_path, "{{ text }}").hint


@pytest.mark.parametrize("text", ["{{ text }", "{% if text %}", "{% endblok %}", "{{ text"])
def test_a_mistake_of_form_is_told_with_how_templates_go(tmp_path, text):
    assert error_of(tmp_path, text, text="x").hint.startswith("Variables stand in {{ }}, tags in")


def test_an_undefined_name_in_a_condition_or_a_loop_is_told(tmp_path):
    assert error_of(tmp_path, "\n{% if nope %}x{% endif %}").where == "prompt.j2:2"
    assert error_of(tmp_path, "\n\n{% for x in nope %}x{% endfor %}").where == "prompt.j2:3"
    assert error_of(tmp_path, "{% if nope == 'a' %}x{% endif %}").what.endswith("is undefined")


def test_an_undefined_field_of_a_value_is_told_without_wrong_advice(tmp_path):
    error = error_of(tmp_path, "{{ row.titel }}", row={"title": "x"})
    assert error.what.startswith("case 7: ")
    assert "has no attribute 'titel'" in error.what
    assert "row" not in error.hint


def test_an_undefined_field_inside_a_list_is_told(tmp_path):
    rows = [{"name": "a"}, {"nam": "b"}]
    for shown in ("list", "join", "tojson", "string"):
        error = error_of(tmp_path, "{{ rows|map(attribute='name')|" + shown + " }}", rows=rows)
        assert "has no attribute 'name'" in error.what


def test_a_default_takes_the_place_of_an_undefined_name(tmp_path):
    assert said(tmp_path, "{{ nope|default('none') }} {{ row.x|d('-') }}", row={}) == "none -"
    assert said(tmp_path, "{% if nope is defined %}a{% else %}b{% endif %}") == "b"


@pytest.mark.parametrize("kind", ["include", "extends", "import"])
def test_an_undefined_name_in_another_file_is_told_with_that_file(tmp_path, kind):
    source, other = {
        "include": ("x\n\n{% include 'other.j2' %}", "a\nb {{ txet }}"),
        "extends": ("{% extends 'other.j2' %}", "a\nb {{ txet }}"),
        "import": (
            "\n\n{% import 'other.j2' as o with context %}{{ o.m() }}",
            "{% macro m() %}\n{{ txet }}{% endmacro %}",
        ),
    }[kind]
    error = error_of(tmp_path, source, {"other": other}, text="x")
    assert error.where == "other.j2:2"
    assert error.what == "case 7: 'txet' is undefined"
    assert "Did you mean 'text'?" in error.hint


def test_a_broken_included_file_is_told_with_that_file(tmp_path):
    error = error_of(tmp_path, "{% include 'other.j2' %}", {"other": "a\n\n{% if %}"})
    assert error.where == "other.j2:3"


def test_a_file_in_another_folder_is_named_from_the_workspace(tmp_path):
    write(tmp_path, {"a/p.j2": "{% include '../b/q.j2' %}", "b/q.j2": "\n{{ nope }}"})
    template = Template("p", tmp_path / "a/p.j2", "a/p.j2", tmp_path)
    with pytest.raises(PromptError) as caught:
        template.render(Case("1", {}))
    assert caught.value.where == "b/q.j2:2"


def test_asking_for_examples_where_the_suite_gives_none_says_how(tmp_path):
    error = error_of(tmp_path, "{% for e in examples %}{{ e.x }}{% endfor %}", text="x")
    assert "examples: {count: 3}" in error.hint


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("\n{{ 1 / 0 }}", "by zero"),
        ("\n{{ 'a' + 1 }}", "can only concatenate"),
        ("\n{{ text.index('zzz') }}", "not found"),
        ("\n{{ text(1) }}", "not callable"),
        ("\n{{ 'a' < 1 }}", "not supported"),
    ],
)
def test_an_expression_that_fails_is_told_with_its_line(tmp_path, source, what):
    error = error_of(tmp_path, source, text="x")
    assert error.where == "prompt.j2:2"
    assert error.what.startswith("case 7: ")
    assert what in error.what


@pytest.mark.parametrize(
    ("source", "where", "what"),
    [
        ("a\n{% if x %}", "prompt.j2:2", "Unexpected end of template"),
        ("a\n\n{{ x", "prompt.j2:3", "unexpected end of template"),
        ("{% nope %}", "prompt.j2:1", "unknown tag 'nope'"),
        ("{% block a %}{% endblock %}\n{% block a %}{% endblock %}", "prompt.j2:2", "'a' defined"),
        ("\n{{ x|uper }}", "prompt.j2:2", "No filter named 'uper'"),
        ("\n{{ x is definde }}", "prompt.j2:2", "No test named 'definde'"),
        ("{% trans %}x{% endtrans %}", "prompt.j2:1", "unknown tag 'trans'"),
    ],
)
def test_a_broken_template_is_told_with_its_line_when_it_is_read(tmp_path, source, where, what):
    with pytest.raises(PromptError) as caught:
        compiled(tmp_path, source)
    assert caught.value.where == where
    assert what in caught.value.what


def test_an_unknown_filter_is_told_with_the_nearest_one(tmp_path):
    hint = refused(tmp_path, "{{ x|uper }}", x="").hint
    assert hint.startswith("Did you mean 'upper'? Allowed: abs, ")
    assert "promptbench" not in hint


@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ 1" + "+1" * 5000 + " }}",
        "{{ " + "[" * 300 + "]" * 300 + " }}",
        "{% for i in [1] %}" * 25 + "x" + "{% endfor %}" * 25,
        "{{ " + "9" * 5000 + " }}",
        "{{ x" + ".a" * 5000 + " }}",
        "{% if 1 %}" * 1500 + "{% endif %}" * 1500,
    ],
)
def test_a_template_too_deep_for_jinja_or_python_is_refused(tmp_path, source):
    assert refused(tmp_path, source, x="").where.startswith("prompt.j2")


def test_a_function_in_place_of_its_result_is_refused(tmp_path):
    error = refused(tmp_path, "{{ text.upper }}", text="x")
    assert "is not text" in error.what
    assert error.hint == "Call it: put () behind its name."
    assert error.where == "prompt.j2:1"


def test_a_lazy_list_shows_what_it_holds(tmp_path):
    assert said(tmp_path, "{{ rows|map('upper') }}", rows=["a"]) == "['A']"
    assert said(tmp_path, "{{ ', '.join(rows|map('upper')) }}", rows=["a", "b"]) == "A, B"
    assert said(
        tmp_path, "{% set u = rows|map('upper') %}{{ u|join }}{{ u|join }}", rows=["a"]
    ) == ("AA")


# Files: parents, includes, and what a prompt's version covers.


def test_a_child_replaces_what_it_names_and_keeps_the_rest(tmp_path):
    parent = (
        "{% block system %}Be brief.{% endblock %}"
        "{% block user %}{% block instruction %}Sum up.{% endblock %} {{ text }}{% endblock %}"
    )
    source = "{% extends 'parent.j2' %}\n{% block instruction %}Reply.{% endblock %}\n"
    found = compiled(tmp_path, source, parent=parent).render(Case("1", {"text": "abc"}))
    assert [(m.role, m.text) for m in found] == [("system", "Be brief."), ("user", "Reply. abc")]


def test_a_block_that_no_parent_has_is_refused_with_the_nearest_one(tmp_path):
    parent = "{% block instruction %}Sum up.{% endblock %}"
    source = "{% extends 'parent.j2' %}\n{% block instrution %}Reply.{% endblock %}"
    error = error_of(tmp_path, source, {"parent": parent})
    assert error.where == "prompt.j2:2"
    assert "no parent of this template has a block 'instrution'" in error.what
    assert "Did you mean 'instruction'?" in error.hint


def test_a_child_may_put_new_blocks_into_its_own(tmp_path):
    parent = "{% block user %}x{% endblock %}"
    source = "{% extends 'p.j2' %}{% block user %}a{% block new %}b{% endblock %}{% endblock %}"
    (found,) = compiled(tmp_path, source, p=parent).render(Case("1", {}))
    assert [s.name for s in found.sections] == ["new"]


@pytest.mark.parametrize("lost", ["Be polite.", "{{ text }}"])
def test_what_a_child_says_outside_of_its_blocks_is_refused(tmp_path, lost):
    source = "{% extends 'p.j2' %}\n{# fine #}\n{% set x = 1 %}\n" + lost
    error = error_of(tmp_path, source, {"p": "{% block user %}x{% endblock %}"}, text="")
    assert error.where == "prompt.j2:4"
    assert "outside of its blocks" in error.what


def test_includes_and_imports_are_found_beside_the_prompt(tmp_path):
    source = "{% from 'm.j2' import loud %}{{ loud('a') }}{% include 'i.j2' %}"
    template = compiled(
        tmp_path, source, m="{% macro loud(x) %}{{ x|upper }}!{% endmacro %}", i="<{{ text }}>"
    )
    assert template.render(Case("1", {"text": "b"}))[0].text == "A!<b>"


def digest(folder, files):
    write(folder, files)
    return Template("p", folder / "p.j2", "p.j2", folder).prompt.digest


def test_the_version_changes_with_every_file_it_is_made_of_and_no_other(tmp_path):
    files = {
        "p.j2": "{% extends 'parent.j2' %}{% block a %}x{% endblock %}",
        "parent.j2": "{% block a %}{% endblock %}{% include 'more.j2' %}",
        "more.j2": "{% import 'macros.j2' as m %}{{ m.x() }}",
        "macros.j2": "{% macro x() %}1{% endmacro %}",
        "unrelated.j2": "a",
    }
    first = digest(tmp_path, files)
    assert digest(tmp_path, files) == first
    assert digest(tmp_path, {"unrelated.j2": "b", "other.j2": "c"}) == first
    seen = {first}
    for name in ("p.j2", "parent.j2", "more.j2", "macros.j2"):
        seen.add(digest(tmp_path, files | {name: files[name] + "{# new #}"}))
    assert len(seen) == 5
    assert digest(tmp_path, files) == first


def test_the_version_does_not_depend_on_where_the_files_lie_or_their_names(tmp_path):
    one = compiled(tmp_path / "one", "Hi {{ x }}")
    write(tmp_path / "two", {"other.j2": "Hi {{ x }}"})
    two = Template("b", tmp_path / "two/other.j2", "other.j2", tmp_path / "two")
    assert one.prompt.digest == two.prompt.digest
    assert (one.prompt.name, two.prompt.name, two.prompt.path) == ("prompt", "b", "other.j2")


def test_two_included_files_that_trade_their_text_make_another_version(tmp_path):
    files = {"p.j2": "{% include 'a.j2' %}{% include 'b.j2' %}", "a.j2": "1", "b.j2": "2"}
    assert digest(tmp_path, files) != digest(tmp_path, files | {"a.j2": "2", "b.j2": "1"})


def test_the_source_holds_every_file(tmp_path):
    template = compiled(tmp_path, "{% include 'other.j2' %}!", other="Hi")
    assert template.prompt.source == "{% include 'other.j2' %}!\n{# other.j2 #}\nHi"


def test_a_missing_file_is_told_with_the_nearest_one(tmp_path):
    write(tmp_path, {"parent.j2": "x"})
    error = refused(tmp_path, "{% extends 'parnet.j2' %}")
    assert "there is no template 'parnet.j2'" in error.what
    assert "Did you mean 'parent.j2'?" in error.hint


def test_a_missing_prompt_is_told(tmp_path):
    with pytest.raises(PromptError, match=r"there is no template 'gone\.j2'"):
        Template("p", tmp_path / "gone.j2", "gone.j2", tmp_path)


def test_a_name_that_a_case_decides_is_refused_at_its_line(tmp_path):
    error = error_of(tmp_path, "{% include 'o.j2' %}", {"o": "\n{% include name %}"}, name="o.j2")
    assert error.where == "o.j2:2"
    assert "fixed name" in error.what


def test_a_file_that_includes_itself_is_refused(tmp_path):
    assert "uses itself" in refused(tmp_path, "x{% include 'prompt.j2' %}").what
    assert "uses itself" in refused(tmp_path, "{% extends 'prompt.j2' %}").what


def test_a_file_that_is_not_utf_8_is_named(tmp_path):
    (tmp_path / "latin.j2").write_bytes("caf\u00e9".encode("latin-1"))
    error = refused(tmp_path, "{% include 'latin.j2' %}")
    assert "template 'latin.j2' is not UTF-8" in error.what


def test_a_byte_order_mark_is_no_part_of_a_prompt(tmp_path):
    assert said(tmp_path, "\ufeffHi") == "Hi"


def test_a_file_larger_than_a_megabyte_is_refused(tmp_path):
    assert "larger than 1,000,000 bytes" in refused(tmp_path, "x" * 1_000_001).what
    assert len(said(tmp_path, "x" * 1_000_000)) == 1_000_000


# What a template sees.


def test_a_template_sees_the_variables_and_the_examples(tmp_path):
    template = compiled(
        tmp_path, "{% for e in examples %}{{ e.text }}={{ e.reference }};{% endfor %}{{ text }}"
    )
    examples = [{"text": "a", "reference": "A"}, {"text": "b", "reference": "B"}]
    assert template.render(Case("1", {"text": "c"}), examples)[0].text == "a=A;b=B;c"


def test_a_template_cannot_see_id_references_and_cluster(tmp_path):
    case = Case("1", {"text": "x"}, ("the answer",), "thread")
    for name in ("id", "references", "reference", "cluster", "case"):
        with pytest.raises(PromptError, match=f"'{name}' is undefined"):
            compiled(tmp_path, "{{ text }}{{ " + name + " }}").render(case)


def test_rendering_leaves_the_case_as_it_was_and_has_no_memory(tmp_path):
    rows = [{"a": 1}, {"a": 2}]
    case = Case("1", {"rows": rows, "text": "x"})
    template = compiled(tmp_path, "{% set ns = namespace(n=rows) %}{% set text = 'y' %}{{ text }}")
    assert template.render(case) == template.render(case)
    assert case.variables == {"rows": [{"a": 1}, {"a": 2}], "text": "x"}


@pytest.mark.parametrize("name", ["promptbench_step", "promptbench_mark", "range", "loop", "self"])
def test_any_name_of_a_variable_is_fine(tmp_path, name):
    variables = {"text": "abc", name: "mine"}
    source = "{% for x in [1, 2] %}{{ x }}{% endfor %}{% block a %}{{ text }}{% endblock %}"
    (found,) = messages(tmp_path, source, **variables)
    assert (found.text, found.sections[0].start) == ("12abc", 2)


def test_variables_of_a_template_are_the_names_it_reads(tmp_path):
    source = (
        "{% set a = text %}{% for row in rows if row.x != skip %}{{ row.y[:n] ~ a }}{% endfor %}"
        "{% block b %}{{ range(2)|join }}{{ {key: 1} }}{% endblock %}"
    )
    template = compiled(tmp_path, source)
    assert variables_of(template) - {"range"} == {"text", "rows", "skip", "n", "key"}


def test_the_newline_after_a_tag_and_the_spaces_before_it_are_no_part_of_a_prompt(tmp_path):
    source = "a\n  {% if true %}\n  b\n  {% endif %}\nc"
    assert messages(tmp_path, source)[0].text == "a\n  b\nc"

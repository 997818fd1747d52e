"""Rows become cases: ids, references and clusters, and nothing that gives the answer away."""

from pathlib import Path

import pytest

from promptbench.error import PromptError
from promptbench.prompt.template import Template
from promptbench.record import Case

from .folder import bad_data, cases_of


def test_a_row_becomes_a_case(tmp_path):
    row = '{"id": "m1", "text": "Hi", "n": 1, "references": ["Hello", "Hey"], "thread": "t9"}'
    assert cases_of(tmp_path, row, cluster="thread") == [
        Case("m1", {"text": "Hi", "n": 1, "thread": "t9"}, ("Hello", "Hey"), "t9")
    ]


@pytest.mark.parametrize(
    ("value", "references"),
    [
        ('"one"', ("one",)),
        ('["one", "two"]', ("one", "two")),
        ('["", "one", null, ""]', ("one",)),
        ('""', ()),
        ("null", ()),
        ("[]", ()),
        ('[" "]', (" ",)),
        ('["a", "a"]', ("a", "a")),
    ],
)
def test_references_are_a_text_or_a_list_and_empty_ones_do_not_count(tmp_path, value, references):
    (case,) = cases_of(tmp_path, f'{{"references": {value}}}')
    assert case.references == references


def test_a_row_may_lack_references_unless_the_suite_names_them(tmp_path):
    (case,) = cases_of(tmp_path, '{"text": "a"}')
    assert case.references == ()
    error = bad_data(tmp_path, '{"text": "a"}', stated=frozenset({"references"}))
    assert "has no field 'references'" in error.what


def test_several_columns_hold_references_in_the_order_of_the_suite(tmp_path):
    content = "id,second,text,first\n1,b,x,a\n2,,y,c\n3,d,z,\n4,,w,\n"
    found = cases_of(tmp_path, content, "d.csv", references=("first", "second"))
    assert [case.references for case in found] == [("a", "b"), ("c",), ("d",), ()]
    assert [case.variables for case in found] == [{"text": t} for t in "xyzw"]


@pytest.mark.parametrize("value", ["3", "true", '{"a": "b"}', '["a", 3]', '[["a"]]', "1.5"])
def test_a_reference_that_is_no_text_is_refused(tmp_path, value):
    error = bad_data(tmp_path, f'{{"references": "a"}}\n{{"references": {value}}}')
    assert error.where == "d.jsonl:2"
    assert "field 'references' must be text or a list of texts, found " in error.what


# Ids


def test_without_an_id_its_line_names_a_case(tmp_path):
    found = cases_of(tmp_path, '{"a": 1}\n\n{"a": 2}\n')
    assert [case.id for case in found] == ["1", "3"]
    assert [case.id for case in cases_of(tmp_path, "a\nx\ny\n", "d.csv")] == ["2", "3"]


def test_an_id_may_be_a_number_or_another_field(tmp_path):
    found = cases_of(tmp_path, '{"id": 7}\n{"id": "07"}\n{"id": -1}')
    assert [case.id for case in found] == ["7", "07", "-1"]
    (case,) = cases_of(tmp_path, '{"key": "k", "id": "i"}', id="key")
    assert case == Case("k", {"id": "i"})


@pytest.mark.parametrize("value", ["1.5", "1.0", "true", "null", '""', "[1]", '{"a": 1}'])
def test_an_id_of_another_type_is_refused(tmp_path, value):
    error = bad_data(tmp_path, f'{{"id": "a"}}\n{{"id": {value}}}')
    assert error.where == "d.jsonl:2"
    assert "the id must be text or a whole number, found " in error.what


@pytest.mark.parametrize(
    ("content", "line", "first"),
    [
        ('{"id": "a"}\n{"id": "b"}\n{"id": "a"}', 3, 1),
        ('{"id": 1}\n\n{"id": "1"}', 3, 1),
        ('{"id": "2"}\n{"a": 1}', 2, 1),
    ],
)
def test_an_id_given_twice_is_refused_with_both_lines(tmp_path, content, line, first):
    error = bad_data(tmp_path, content)
    assert error.where == f"d.jsonl:{line}"
    assert f"is already on line {first}" in error.what


# Clusters


@pytest.mark.parametrize(("value", "cluster"), [('"t"', "t"), ("7", "7"), ("null", ""), ('""', "")])
def test_a_cluster_is_text_and_nothing_there_means_alone(tmp_path, value, cluster):
    (case,) = cases_of(tmp_path, f'{{"thread": {value}}}', cluster="thread")
    assert case.cluster == cluster


@pytest.mark.parametrize("value", ["true", "1.5", '["a"]', "{}"])
def test_a_cluster_of_another_type_is_refused(tmp_path, value):
    error = bad_data(tmp_path, f'{{"thread": {value}}}', cluster="thread")
    assert error.where == "d.jsonl:1"
    assert "field 'thread' must be text or a whole number, found " in error.what


def test_a_case_of_a_suite_without_clusters_has_none(tmp_path):
    assert cases_of(tmp_path, '{"cluster": "x"}')[0].cluster == ""


# What the suite names must be there.


@pytest.mark.parametrize("name", ["thread", "id", "answer"])
def test_a_field_that_the_suite_names_must_be_in_every_row(tmp_path, name):
    fields = {"id": "id", "references": ("answer",), "cluster": "thread"}
    rows = [{"id": 1, "answer": "a", "thread": "t"}, {"id": 2, "answer": "a", "thread": "t"}]
    del rows[1][name]
    content = "\n".join(str(row).replace("'", '"') for row in rows)
    error = bad_data(tmp_path, content, stated=frozenset({"id", "answer", "thread"}), **fields)
    assert error.where == "d.jsonl:2"
    assert f"the row has no field '{name}'" in error.what
    assert all(there in error.hint for there in rows[1])


def test_the_nearest_field_is_named(tmp_path):
    error = bad_data(tmp_path, '{"thraed": "a"}', cluster="thread", stated=frozenset({"thread"}))
    assert "Did you mean 'thraed'?" in error.hint


@pytest.mark.parametrize(("name", "content"), [("d.jsonl", "\n\n"), ("d.csv", "a,b\n")])
def test_a_file_without_cases_is_refused(tmp_path, name, content):
    error = bad_data(tmp_path, content, name)
    assert (error.what, error.where) == ("the file holds no cases", name)


# Order and limit


def test_cases_come_in_the_order_of_the_file(tmp_path):
    content = "".join(f'{{"id": {n}}}\n' for n in (3, 1, 2))
    assert [case.id for case in cases_of(tmp_path, content)] == ["3", "1", "2"]


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (2, 2), (3, 3), (99, 3), (None, 3)])
def test_a_limit_takes_the_first_cases(tmp_path, limit, count):
    content = "".join(f'{{"id": "c{n}"}}\n' for n in range(3))
    found = cases_of(tmp_path, content, limit=limit)
    assert [case.id for case in found] == [f"c{n}" for n in range(count)]


# What a prompt may see.


def test_id_and_references_are_not_among_the_variables(tmp_path):
    row = '{"id": "1", "text": "q", "references": ["the answer"], "gold": "also the answer"}'
    (plain,) = cases_of(tmp_path, row)
    assert plain.variables == {"text": "q", "gold": "also the answer"}
    (named,) = cases_of(tmp_path, row, references=("references", "gold"))
    assert named.variables == {"text": "q"}
    assert "answer" not in str(named.variables)


@pytest.mark.parametrize("name", ["references", "gold", "id"])
def test_a_prompt_cannot_give_the_answer_away(tmp_path: Path, name):
    row = '{"id": "1", "text": "q", "references": ["the answer"], "gold": "the answer"}'
    (case,) = cases_of(tmp_path, row, references=("references", "gold"))
    (tmp_path / "p.j2").write_text("{{ text }} {{ " + name + " }}")
    with pytest.raises(PromptError, match=f"'{name}' is undefined"):
        Template("p", tmp_path / "p.j2", "p.j2", tmp_path).render(case)


def test_text_that_looks_like_yaml_or_a_template_is_kept(tmp_path):
    (case,) = cases_of(tmp_path, '{"a": "{{ x }}", "b": "no", "c": "012", "d": "=1+1"}')
    assert case.variables == {"a": "{{ x }}", "b": "no", "c": "012", "d": "=1+1"}

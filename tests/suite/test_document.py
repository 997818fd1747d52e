"""YAML is read strictly: what its author typed comes out. Hostile files are in tests/payloads."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.error import SuiteError
from promptbench.suite import document
from promptbench.suite.document import read_document

from .folder import broken, document_of

# Row 20: what other YAML readers change without a word.


TYPED = """
no yes on off y n NO Yes True FALSE Null 012 0o14 0x1F 0b1 1_000 3:25 190:20:30 +1 .5 5. 00 -01
2024-01-01 2024-01-01T10:00:00Z .inf -.inf .nan NaN 1e999 -1e999 1e --1
"""


@pytest.mark.parametrize("text", TYPED.split())
def test_what_readers_understand_differently_stays_the_text_that_was_typed(tmp_path, text):
    assert document_of(tmp_path, f"a: {text}\nb: [{text}]").value == {"a": text, "b": [text]}


def test_a_number_with_more_digits_than_fit_stays_text(tmp_path):
    long = "9" * 19
    assert document_of(tmp_path, f"a: {long}\nb: {long * 20}").value == {"a": long, "b": long * 20}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-7", -7),
        ("12", 12),
        ("999999999999999999", 999999999999999999),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("1e3", 1000.0),
        ("2.5E-2", 0.025),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_what_all_readers_understand_alike_has_its_type(tmp_path, text, value):
    found = document_of(tmp_path, f"a: {text}").value["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["12", "true", "null", "~", "1.5", "", "no"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_quoted_text_stays_text(tmp_path, text, quote):
    assert document_of(tmp_path, f"a: {quote}{text}{quote}").value == {"a": text}


def test_block_text_stays_text(tmp_path):
    assert document_of(tmp_path, "a: |\n  12\nb: >-\n  true\n").value == {"a": "12\n", "b": "true"}


def test_keys_are_text(tmp_path):
    value = document_of(tmp_path, "1: a\ntrue: b\n~: c\nno: d\n: e").value
    assert value == {"1": "a", "true": "b", "~": "c", "no": "d", "": "e"}


@pytest.mark.parametrize(
    ("text", "line", "first"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1),
        ("x:\n  a: 1\n  b: 2\n  a: 3", 4, 2),
        ("x:\n  - {a: 1,\n     a: 2}", 3, 2),
        ("'a': 1\na: 2", 2, 1),
        ("1: x\n\n'1': y", 3, 1),
    ],
)
def test_a_key_given_twice_is_refused_with_both_lines(tmp_path, text, line, first):
    error = broken(tmp_path, text)
    assert error.where == f"s.yaml:{line}"
    assert "is given twice" in error.what
    assert f"first on line {first}" in error.what


def test_the_same_key_in_two_mappings_is_fine(tmp_path):
    assert document_of(tmp_path, "x: {a: 1}\ny: {a: 2}").value == {"x": {"a": 1}, "y": {"a": 2}}


# Cleverness.


@pytest.mark.parametrize("text", ["a: '&x'", "a: '*x'", "a: '!x'", "a: x & y * z!"])
def test_the_signs_in_a_text_are_fine(tmp_path, text):
    assert isinstance(document_of(tmp_path, text).value["a"], str)


def test_an_anchor_or_a_tag_is_refused_with_the_way_out(tmp_path):
    for text in ("a: 1\nb: &x [1]", "a: 1\nb: !mine 12", "a: 1\nb: ! 12", "a: 1\nb: !!str 12"):
        error = broken(tmp_path, text)
        assert error.where == "s.yaml:2"
        assert "in quotes" in error.hint


def test_twenty_levels_are_fine(tmp_path):
    value = document_of(tmp_path, "a: " + "[" * 19 + "]" * 19).value["a"]
    for _ in range(18):
        (value,) = value
    assert value == []


def test_a_file_past_a_megabyte_is_refused(tmp_path):
    text = "a: " + "x" * 999_997
    assert len(document_of(tmp_path, text).value["a"]) == 999_997
    error = broken(tmp_path, text + "x")
    assert "1,000,000" in error.what
    assert error.where == "s.yaml"


# What is no YAML, or no suite.


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1, 2", 1),
        ("a: 1\nb: 'x\n", 2),
        ("a: 1\n\tb: 2", 2),
        ("a: 1\nb: c: d", 2),
        ("a: 1\n b: 2", 2),
        ("a:\n  - 1\n - 2", 3),
        ("a: 1\nb: }", 2),
        ("a: 1\nb: %x", 2),
        ("a: 1\nb: @x", 2),
        ("%YAML 9.9\n---\na: 1", 1),
        ("a: 1\nb", 2),
        ('a: 1\nb: "\\q"', 2),
    ],
)
def test_broken_yaml_is_told_with_its_line(tmp_path, text, line):
    error = broken(tmp_path, text)
    assert error.what.startswith("broken YAML: ")
    assert int(error.where.removeprefix("s.yaml:")) in (line, line + 1)
    assert "unicode string" not in str(error)


def test_characters_outside_of_the_basic_plane_are_fine(tmp_path):
    text = 'a: \U0001f600\nb: "\\U0001F600"\nc: \ue000'
    value = document_of(tmp_path, text).value
    assert value == {"a": "\U0001f600", "b": "\U0001f600", "c": "\ue000"}


def test_a_document_may_be_marked_as_one(tmp_path):
    assert document_of(tmp_path, "%YAML 1.1\n---\na: no\n...\n").value == {"a": "no"}


@pytest.mark.parametrize("content", ["- a", "text", "12", "[a]", "", "# only a comment", "---\n"])
def test_what_is_no_mapping_is_no_suite(tmp_path, content):
    error = broken(tmp_path, content)
    assert "a suite is a YAML mapping" in error.what
    assert error.where == "s.yaml:1"


def test_a_missing_file_names_those_that_are_there(tmp_path):
    for name in ("mails.yaml", "other.yml", "notes.txt"):
        (tmp_path / name).write_text("")
    with pytest.raises(SuiteError) as caught:
        read_document(tmp_path / "mial.yaml", "mial.yaml")
    assert (caught.value.what, caught.value.where) == ("no such file", "mial.yaml")
    assert "mails.yaml" in caught.value.hint
    assert "other.yml" in caught.value.hint
    assert "notes.txt" not in caught.value.hint


@pytest.mark.parametrize("named", ["mail", "suites/mail"])
def test_the_name_of_a_suite_alone_is_an_error_with_its_file(tmp_path, named):
    (tmp_path / "suites" / "mail").mkdir(parents=True)
    suite = tmp_path / "suites" / "mail.yaml"
    suite.write_text("")
    with pytest.raises(SuiteError) as caught:
        read_document(tmp_path / named, named)
    assert caught.value.hint == f"Did you mean '{suite}'?"


def test_a_folder_is_no_suite(tmp_path):
    with pytest.raises(SuiteError) as caught:
        read_document(tmp_path, "here")
    assert caught.value.where == "here"


# Lines.


def test_every_key_and_entry_knows_its_line(tmp_path):
    text = (
        "# a comment\na: 1\n\nb:\n  c:\n    - x\n"
        "    - d: 1\n      e: |\n        text\n        more\nf: 2"
    )
    found = document_of(tmp_path, text)
    expected = {
        ("a",): 2,
        ("b",): 4,
        ("b", "c"): 5,
        ("b", "c", 0): 6,
        ("b", "c", 1): 7,
        ("b", "c", 1, "d"): 7,
        ("b", "c", 1, "e"): 8,
        ("f",): 11,
    }
    for key, line in expected.items():
        assert found.where(key) == f"s.yaml:{line}", key


def test_a_key_that_is_not_there_stands_where_its_owner_does(tmp_path):
    found = document_of(tmp_path, "a: 1\nb:\n  - c: 1\n")
    assert found.where(("b", 0, "nope", 3)) == "s.yaml:3"
    assert found.where(("nope",)) == "s.yaml:1"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_are_counted_whatever_ends_them(tmp_path, newline):
    text = newline.join(["a: 1", "b: 2", "a: 3"])
    assert broken(tmp_path, text).where == "s.yaml:3"


def test_the_text_is_kept_as_it_was(tmp_path):
    text = "a: 1  # why\r\n\r\nb:  2\n"
    assert document_of(tmp_path, text).text == text


SIGNS = "abn01:-?[]{},#&*!|>'\"%@`~ \n\t\r.\\\ud7ff\u2028\x85\ufeff\x00"
WORDS = ["a: ", "- ", "\n  ", ": ", '"\\u', '"\\U', "---\n", "...\n", "%YAML ", "<<: ", "!!", "? "]
PIECES = st.sampled_from([*SIGNS, *WORDS, "|-\n", "1e9"])


@settings(max_examples=400, deadline=None, database=None)
@given(text=st.text(max_size=80) | st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_a_mapping_or_a_suite_error(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode())
    try:
        found = read_document(path, "any.yaml")
    except SuiteError as error:
        assert error.where.startswith("any.yaml:")
        assert error.what
    else:
        assert all(isinstance(key, str) for key in found.value)
        assert all(1 <= line <= len(text.splitlines()) + 1 for line in found.lines.values())


@settings(max_examples=100, deadline=None, database=None)
@given(raw=st.binary(max_size=60))
def test_any_bytes_are_a_mapping_or_a_suite_error(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(raw)
    try:
        read_document(path, "any.yaml")
    except SuiteError as error:
        assert error.where.startswith("any.yaml")


def test_a_number_is_always_finite(tmp_path):
    for text in ("1e308", "1.7e308", "123456789012345678.5"):
        found = document_of(tmp_path, f"a: {text}").value["a"]
        assert math.isfinite(found)
    assert document.FRACTION.fullmatch("1" * 400) is None

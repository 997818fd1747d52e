"""Data files are read row by row and strictly; the hostile ones are in tests/payloads."""

import pytest

from promptbench.error import DataError
from promptbench.suite import table
from promptbench.suite.table import read_rows

CSV = [("d.csv", ","), ("d.tsv", "\t")]


def rows_of(folder, content, name="d.jsonl"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_rows(path, name))


def bad(folder, content, name="d.jsonl"):
    with pytest.raises(DataError) as caught:
        rows_of(folder, content, name)
    return caught.value


# JSONL


def test_each_line_of_jsonl_is_a_row_with_its_line(tmp_path):
    assert rows_of(tmp_path, '{"a": 1}\n\n  \n{"a": "x", "b": [1.5, null]}') == [
        (1, {"a": 1}),
        (4, {"a": "x", "b": [1.5, None]}),
    ]


@pytest.mark.parametrize("content", ['{"a": 1}\r\n{"a": 2}\r\n', '\ufeff{"a": 1}\n{"a": 2}'])
def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path, content):
    assert rows_of(tmp_path, content) == [(1, {"a": 1}), (2, {"a": 2})]


def test_a_text_keeps_every_character(tmp_path):
    text = "\\u2028 \\ud83d\\ude00 \\n\\t\\r \\u0000 \u2028\u2029\x85 \U0001f600 \ue000"
    ((_, row),) = rows_of(tmp_path, f'{{"a": "{text}"}}')
    expected = "\u2028 \U0001f600 \n\t\r \x00 \u2028\u2029\x85 \U0001f600 \ue000"
    assert row == {"a": expected}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"a": ', "not JSON"),
        ('{"a": 1} {"a": 2}', "not JSON"),
        ('{"a": 1},', "not JSON"),
        ("{'a': 1}", "not JSON"),
        ('{"a": 1,}', "not JSON"),
        ('{"a": "x\ty"}', "not JSON"),
        ("text", "not JSON"),
        ('["a"]', "expected a JSON object"),
        ('"a"', "expected a JSON object"),
        ("null", "expected a JSON object"),
        ("12", "expected a JSON object"),
    ],
)
def test_a_broken_row_is_told_with_its_line(tmp_path, line, what):
    error = bad(tmp_path, f'{{"a": 0}}\n\n{line}\n{{"a": 1}}\n')
    assert error.where == "d.jsonl:3"
    assert what in error.what


def test_rows_before_the_broken_one_come_out(tmp_path):
    path = tmp_path / "d.jsonl"
    path.write_text('{"a": 1}\n{"a": 2}\n{')
    rows = read_rows(path, "d.jsonl")
    assert [next(rows), next(rows)] == [(1, {"a": 1}), (2, {"a": 2})]
    with pytest.raises(DataError):
        next(rows)


def test_many_fields_are_looked_through_quickly(tmp_path):
    fields = ", ".join(f'"{n}": 0' for n in range(50_000))
    assert "'49999' is given twice" in bad(tmp_path, f'{{{fields}, "49999": 1}}').what


def test_a_line_that_is_not_utf_8_is_told(tmp_path):
    error = bad(tmp_path, b'{"a": 1}\n{"a": "caf\xe9"}\n')
    assert error.where == "d.jsonl:2"
    assert "not UTF-8" in error.what
    assert "UTF-8" in error.hint


def test_an_over_long_line_of_jsonl_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "MAX_LINE_BYTES", 20)
    line = '{"a": "23456789012"}'
    assert len(rows_of(tmp_path, line)) == 1
    error = bad(tmp_path, f'{{"a": 1}}\n{line} \n')
    assert error.where == "d.jsonl:2"
    assert "longer than 20" in error.what


# CSV and TSV


@pytest.mark.parametrize(("name", "sign"), CSV)
def test_a_header_names_the_fields_and_every_value_is_text(tmp_path, name, sign):
    content = "id,text,n\n1,no,012\n2,,3:25\n".replace(",", sign)
    assert rows_of(tmp_path, content, name) == [
        (2, {"id": "1", "text": "no", "n": "012"}),
        (3, {"id": "2", "text": "", "n": "3:25"}),
    ]


def test_a_file_name_may_be_in_capitals(tmp_path):
    assert rows_of(tmp_path, "a\n1\n", "D.CSV") == [(2, {"a": "1"})]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_quoted_values_hold_anything_and_lines_are_those_of_the_file(tmp_path, end):
    content = end.join(["a,b", '"x,""y""",1', '"two', 'lines",2', "", "z,3", ""])
    assert rows_of(tmp_path, content, "d.csv") == [
        (2, {"a": 'x,"y"', "b": "1"}),
        (3, {"a": f"two{end}lines", "b": "2"}),
        (6, {"a": "z", "b": "3"}),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    assert rows_of(tmp_path, "\ufeffa,b\n1,2\n", "d.csv") == [(2, {"a": "1", "b": "2"})]


def test_a_tab_separates_nothing_in_csv_and_a_comma_nothing_in_tsv(tmp_path):
    assert rows_of(tmp_path, "a\tb,c\n1\t2,3\n", "d.csv") == [(2, {"a\tb": "1\t2", "c": "3"})]
    assert rows_of(tmp_path, "a,b\tc\n1,2\t3\n", "d.tsv") == [(2, {"a,b": "1,2", "c": "3"})]


@pytest.mark.parametrize(
    ("header", "name", "what"),
    [
        ("a;b", "d.csv", "the columns are parted by semicolons, not by commas"),
        ("a\tb", "d.csv", "the columns are parted by tabs, not by commas"),
        ("a|b", "d.csv", "the columns are parted by bars, not by commas"),
        ("a,b", "d.tsv", "the columns are parted by commas, not by tabs"),
    ],
)
def test_columns_that_another_sign_parts_are_not_read_as_one(tmp_path, header, name, what):
    with pytest.raises(DataError) as caught:
        rows_of(tmp_path, f"{header}\n1\n", name)
    assert caught.value.what == what
    assert caught.value.where.endswith(f"{name}:1")


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("a,b\n1,2\n3\n", 3, "1 value under a header of 2 columns"),
        ("a,b\n1,2,3\n", 2, "3 values under a header of 2 columns"),
        ('a,b\n"x\ny",1\n2\n', 4, "1 value under"),
        ('a,b\n1,2\n"open,3\n4,5\n', 3, "broken row"),
        ('a,b\n1,2\n"x"y,3\n', 3, "broken row"),
        ('"a,b\n1,2\n', 1, "broken row"),
        ("a,b,a\n1,2,3\n", 1, "column 'a' is there twice"),
        ("a,,b\n1,2,3\n", 1, "a column has no name"),
        ("a, ,b\n1,2,3\n", 1, "a column has no name"),
        (",\n1,2\n", 1, "a column has no name"),
        ("\na,b\n1,2\n", 1, "there is no header"),
        ("", 1, "there is no header"),
    ],
)
def test_a_broken_row_or_header_is_told_with_its_line(tmp_path, content, line, what):
    error = bad(tmp_path, content, "d.csv")
    assert error.where == f"d.csv:{line}"
    assert what in error.what
    assert error.hint


def test_a_row_of_csv_that_is_not_utf_8_is_told_with_its_own_line(tmp_path):
    content = b"a,b\n" + b"1,2\n" * 5000 + b"caf\xe9,2\n" + b"1,2\n" * 5000
    error = bad(tmp_path, content, "d.csv")
    assert error.where == "d.csv:5002"
    assert "not UTF-8" in error.what


def test_an_over_long_line_of_csv_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "MAX_LINE_BYTES", 20)
    columns = ",".join("abcdefghij")
    assert len(rows_of(tmp_path, f"{columns}\n{columns}\n", "d.csv")) == 1
    error = bad(tmp_path, f"{columns}\n{columns}1\n", "d.csv")
    assert error.where == "d.csv:2"
    assert "longer than 20" in error.what


def test_an_over_long_value_of_many_lines_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "MAX_LINE_BYTES", 20)
    assert bad(tmp_path, 'a\n"' + "x\n" * 20 + '"\n', "d.csv").where == "d.csv:2"


# Which files


@pytest.mark.parametrize("name", ["d.json", "d.txt", "d", "d.csv.gz", "d.parquet", "d.jsonlines"])
def test_another_format_is_refused_with_those_that_are_read(tmp_path, name):
    error = bad(tmp_path, "{}", name)
    assert error.where == name
    for known in (".csv", ".jsonl", ".tsv"):
        assert known in error.hint


def test_the_nearest_format_is_named(tmp_path):
    assert "Did you mean '.jsonl'?" in bad(tmp_path, "{}", "d.json").hint


@pytest.mark.parametrize("name", ["gone.jsonl", "gone.csv"])
def test_a_missing_file_is_told(tmp_path, name):
    with pytest.raises(DataError, match=f"{name}: no such file"):
        list(read_rows(tmp_path / name, name))


@pytest.mark.parametrize("name", ["folder.jsonl", "folder.csv"])
def test_a_folder_is_no_data_file(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=f"{name}: cannot be read"):
        list(read_rows(tmp_path / name, name))

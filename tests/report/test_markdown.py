import pytest

from promptbench.report.baseline import boards
from promptbench.report.grid import lay_out
from promptbench.report.markdown import markdown, plain
from promptbench.report.number import Scale
from promptbench.report.summary import summarise_grid
from tests.report.records import cases, completion, run, sample, samples

MINUS = "\N{MINUS SIGN}"
TABLE = {"a": [0.5, 0.7, 0.8, 1.0], "b": [0.4, 0.5, 0.5, 0.6]}


def written(names=("a", "b"), rows=None, number: int = 4) -> list[str]:
    made = run(*names)
    grid = lay_out(made, cases(number), rows if rows is not None else samples(TABLE))
    summary = summarise_grid(made, grid)
    return markdown(made, summary, Scale(3), boards(made, grid, summary).first).splitlines()


def test_it_holds_verdict_run_ranking_and_differences():
    lines = written()
    assert lines[0].startswith("**email**: a has the highest mean rougeL (0.750")
    assert lines[2] == "4 cases, test split; run `20250102-030405-ab12`"
    assert lines[4] == "| Candidate | rougeL (95% interval) | against a | p |  |"
    assert lines[5] == "| --- | ---: | ---: | ---: | --- |"
    assert lines[6].startswith("| a | 0.750 (") and lines[6].endswith("| baseline |  |  |")
    assert lines[7].startswith("| b | 0.500 (")
    assert "| -0.250 (-0.455 to -0.045) | 0.12 | may be chance |" in lines[7].replace(MINUS, "-")


def test_what_is_missing_is_told():
    rows = [
        sample("a", 0, 0.5, done=completion(reason="length")),
        sample("b", 0, None, done=completion("", error="gone")),
        sample("b", 1, None, reason="no verdict"),
    ]
    text = "\n".join(written(rows=rows, number=2))
    assert "of 4 outputs 1 unscored, 1 failed, 1 cut off, 1 not there" in text
    assert "| b | unscored |" in text


def test_every_row_has_as_many_cells_whatever_the_names():
    hostile = "a|b`c*_<img>[x](y)@all\n# head"
    lines = written((hostile, "other"), [sample(hostile, 0, 0.5), sample("other", 0, 0.2)], 1)
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 4
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}
    assert "<img" not in "\n".join(lines).replace("\\<", "")


def test_alone_there_is_only_a_ranking():
    lines = written(("a",), samples({"a": [0.5]}), 1)
    assert lines[-1] == "| a | 0.500 (no interval) |"


@pytest.mark.parametrize(("text", "safe"), [("a\nb", "a b"), ("x|y", "x\\|y"), ("\x1b[1m", None)])
def test_texts_stay_on_their_line_and_are_no_markup(text, safe):
    assert plain(text) == (safe or "\\[U+001B\\]\\[1m")

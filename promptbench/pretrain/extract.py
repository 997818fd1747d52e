"""Take the plain text out of a file: text, HTML or a table in, its documents out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from promptbench.error import DataError, choices, not_utf8
from promptbench.suite.table import read_rows

PLAIN = (".txt", ".md", ".rst")
HTML = (".html", ".htm")
TABLES = (".jsonl", ".csv", ".tsv")
READ = (*PLAIN, *HTML, *TABLES)

UNSEEN = {"script", "style", "template", "noscript"}
# HTML's elements that a browser sets on lines of their own.
BLOCKS = {"address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt"}
BLOCKS |= {"figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"}
BLOCKS |= {"header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table"}
BLOCKS |= {"title", "tr", "ul"}


def documents_of(path: Path, shown: str, fields: Sequence[str]) -> Iterator[str]:
    """The texts of a file, lines ended by a single newline.

    A row of a table is a document: its texts, or those of `fields`, in the row's order, a blank
    line between them. Raises DataError with file and line.
    """
    kind = path.suffix.lower()
    if kind in TABLES:
        for line, row in read_rows(path, shown):
            yield tidy("\n\n".join(texts_of(row, fields, f"{shown}:{line}")))
        return
    text = read_text(path, shown)
    yield tidy(without_tags(text) if kind in HTML else text)


def read_text(path: Path, shown: str) -> str:
    """A UTF-8 file. Raises DataError that names the line which is none."""
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        hint = "Save it as UTF-8, or move it out of the folder."
        raise DataError(not_utf8(error), where=f"{shown}:{line}", hint=hint) from error


def tidy(text: str) -> str:
    """One way to end a line, and no blank lines around the whole."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")


def texts_of(row: dict[str, Any], fields: Sequence[str], where: str) -> list[str]:
    """The texts of a row, those in lists and objects too; numbers are none."""
    for name in fields:
        if name not in row:
            raise DataError(f"the row has no field '{name}'", where=where, hint=choices(name, row))
    chosen = [row[name] for name in fields] if fields else list(row.values())
    return [text for value in chosen for text in strings(value) if text.strip()]


def strings(value: object) -> Iterator[str]:
    """Every text inside a JSON value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, dict):
        yield from strings(list(value.values()))


def without_tags(html: str) -> str:
    """The text of an HTML page as it is read: no tags, scripts or styles; entities as characters.

    Spaces are joined as a browser does, but for those in `<pre>`.
    """
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


class Reader(HTMLParser):
    """Gathers the text of a page, a line for each block."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.unseen = self.exact = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block begins a line."""
        self.unseen += tag in UNSEEN
        self.exact += tag == "pre"
        if tag in BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        """And what follows it begins another."""
        self.unseen -= tag in UNSEEN and self.unseen > 0
        self.exact -= tag == "pre" and self.exact > 0
        if tag in BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        """Text, if a reader would see it."""
        if self.unseen:
            return
        if self.exact:
            first, *more = data.split("\n")
            self.lines[-1] += first
            self.lines += more
        else:
            gap = " " if data[:1].isspace() and self.lines[-1] else ""
            end = " " if data[-1:].isspace() and data.strip() else ""
            self.lines[-1] += gap + " ".join(data.split()) + end

    def text(self) -> str:
        """The lines that hold something."""
        return "\n".join(line.rstrip() for line in self.lines if line.strip())

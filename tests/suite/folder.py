"""A project folder with a small suite in it, for the tests beside this file."""

from pathlib import Path

import pytest

from promptbench.error import DataError, PromptbenchError, SuiteError
from promptbench.record import Case
from promptbench.suite.data import DataSource, Fields, read_cases
from promptbench.suite.document import Document, read_document
from promptbench.suite.read import read_suite
from promptbench.suite.stated import Suite

SUITE = """\
suite: mails
data:
  test: data/test.jsonl
prompts:
  - ../prompts/plain.j2
models:
  - smollm2
metrics:
  - rougeL
"""


def project(folder: Path, **files: str) -> Path:
    """A workspace with prompts/, suites/ and a data file; `files` are more prompts."""
    for path, text in {
        "prompts/plain.j2": "{{ text }}",
        "suites/data/test.jsonl": '{"id": "1", "text": "a", "references": ["b"]}\n',
        **{f"prompts/{name}.j2": text for name, text in files.items()},
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def suite_of(folder: Path, text: str = SUITE) -> Suite:
    """The suite that `text` makes in the project."""
    path = project(folder) / "suites/mails.yaml"
    path.write_bytes(text.encode())
    return read_suite(path)


def with_line(old: str, new: str) -> str:
    """The small suite with one stretch of it changed."""
    assert SUITE.count(old) == 1
    return SUITE.replace(old, new)


def problem(folder: Path, text: str) -> SuiteError:
    """The error that reading the suite ends in; `where` without the folder's name."""
    with pytest.raises(SuiteError) as caught:
        suite_of(folder, text)
    return short(caught.value, folder)


def short(error: PromptbenchError, folder: Path) -> SuiteError:
    """The error as seen from the project's folder."""
    parts = [part.replace(f"{folder}/", "") for part in (error.what, error.where, error.hint)]
    return SuiteError(parts[0], where=parts[1], hint=parts[2])


def document_of(folder: Path, content: str | bytes) -> Document:
    path = folder / "s.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_document(path, "s.yaml")


def broken(folder: Path, content: str | bytes) -> SuiteError:
    with pytest.raises(SuiteError) as caught:
        document_of(folder, content)
    return caught.value


def cases_of(
    folder: Path, content: str | bytes, name: str = "d.jsonl", limit: int | None = None, **fields
) -> list[Case]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_cases(DataSource(path, name, Fields(**fields)), limit))


def bad_data(folder: Path, content: str | bytes, name: str = "d.jsonl", **fields) -> DataError:
    with pytest.raises(DataError) as caught:
        cases_of(folder, content, name, **fields)
    return caught.value

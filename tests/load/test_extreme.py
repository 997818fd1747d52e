"""Inputs far from the usual: one of a megabyte, a thousand candidates, every plane of Unicode."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from promptbench.run.job import Result
from promptbench.store.export import export
from tests.browser import needs_chromium, tab_of
from tests.fake import FakeBackend
from tests.report.packed import unpacked
from tests.run.workspace import Workspace, email

ENDS = ("\t\n", " \u00a0\u2028\u2029\ufeff", "\u202e\u2066\u200b\u200d")


def page_of(result: Result) -> dict[str, Any]:
    """What the report's page holds, as its script reads it."""
    return unpacked(result.report.read_text(encoding="utf-8"))


def exported(workspace: Workspace, result: Result) -> list[dict[str, Any]]:
    """The rows of the run's export."""
    path = workspace.folder / "rows.jsonl"
    with workspace.store() as store:
        export(store, result.run_id, "jsonl", path)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def plane(number: int) -> str:
    """Characters of a plane: its first and last hundred, and some between; no surrogates."""
    first, last = number * 0x10000, number * 0x10000 + 0xFFFF
    picked = [*range(first, first + 100), *range(first, last, 257), *range(last - 99, last + 1)]
    return "".join(chr(code) for code in picked if not 0xD800 <= code < 0xE000)


def test_every_plane_of_unicode_comes_through_as_it_is(workspace: Workspace):
    texts = [f"a{plane(number)}z" for number in range(17)] + [f"a{ends}z" for ends in ENDS]
    assert max(map(ord, "".join(texts))) == sys.maxunicode
    workspace.many(*({**email(n), "body": text} for n, text in enumerate(texts)))
    result = workspace.run()
    with workspace.store() as store:
        stored = [case.variables["body"] for case in store.cases(result.run_id)]
    shown = [case["variables"]["body"] for case in page_of(result)["cases"]]
    assert stored == shown == texts
    assert result.errors == 0


def test_a_case_of_a_megabyte_is_run_shown_and_exported(workspace: Workspace):
    body = "".join(f"Line {number}: the meeting is moved again. " for number in range(26_000))
    assert len(body) > 1_000_000
    workspace.many({**email(0), "body": body}, email(1))
    result = workspace.run()
    assert result.errors == 0
    assert page_of(result)["cases"][0]["variables"]["body"] == body
    assert len(exported(workspace, result)) == 4


def test_an_empty_output_is_an_output(workspace: Workspace, fake: FakeBackend):
    fake.behaviour.words = (0, 0)
    result = workspace.run()
    assert result.errors == 0
    assert [(row["output"], row["error"]) for row in exported(workspace, result)] == [("", "")] * 12
    shown = [cell for rows in page_of(result)["outputs"] for row in rows for cell in row]
    assert [cell["text"] for cell in shown] == [""] * 12


def test_an_output_of_100_000_tokens_is_scored_shown_and_exported(
    workspace: Workspace, fake: FakeBackend
):
    fake.behaviour.words = (100_000, 100_000)
    workspace.edit("suites/mail.yaml", "max_tokens: 16", "max_tokens: 100000")
    workspace.many(email(0), email(1))
    result = workspace.run()
    rows = exported(workspace, result)
    assert [row["output_tokens"] for row in rows] == [100_000] * 4
    assert [len(row["output"].split()) for row in rows] == [100_000] * 4
    assert all(0 < row["rougeL"] < 0.01 for row in rows)
    shown = [cell["text"] for rows in page_of(result)["outputs"] for (cell,) in rows]
    assert sorted(shown) == sorted(row["output"] for row in rows)


def many_candidates(workspace: Workspace, number: int) -> None:
    """So many prompts that differ in a word."""
    names = [f"prompt-{place}" for place in range(number)]
    for name in names:
        workspace.write(f"suites/{name}.j2", f"{name}: {{{{ body }}}}")
    listed = "".join(f"  - {name}.j2\n" for name in names)
    suite = workspace.suite.read_text(encoding="utf-8")
    head, rest = suite.split("  - ../prompts/plain.j2\n  - ../prompts/brief.j2\n")
    workspace.write("suites/mail.yaml", head + listed + rest)


@needs_chromium
@pytest.mark.parametrize(
    "number", [40, pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(1200)])]
)
def test_many_candidates_are_compared_and_shown(
    workspace: Workspace, fake: FakeBackend, browser: Browser, number: int, tmp_path: Path
):
    many_candidates(workspace, number)
    result = workspace.run()
    assert len(result.summary.standings) == number
    assert len(result.summary.comparisons) == number - 1
    with tab_of(browser) as tab:
        tab.open(result.report.as_uri())
        assert tab.complaints == []
    assert len(page_of(result)["outputs"]) == number

"""Diffs: true to both texts, with the changed words marked, and bounded."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.report.revision import MOST_CHARACTERS, MOST_TOLD, Diff, Line, diff

TEXTS = st.lists(st.sampled_from(["one two", "one  three", "", "x", "two one two"]), max_size=14)


def text(line: Line) -> str:
    return "".join(part.text for part in line.parts)


def of_side(found: Diff, *signs: str) -> list[str]:
    return [text(line) for line in found.lines if line.sign in signs]


def marked(found: Diff) -> dict[str, list[str]]:
    return {
        sign: [p.text for line in found.lines if line.sign == sign for p in line.parts if p.changed]
        for sign in ("was", "is")
    }


@settings(max_examples=300, deadline=None, database=None)
@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_off_the_lines(before: list[str], after: list[str]):
    found = diff("\n".join(before), "\n".join(after))
    if any(line.sign == "gap" for line in found.lines) or not found.lines:
        return
    assert of_side(found, "same", "was") == "\n".join(before).splitlines()
    assert of_side(found, "same", "is") == "\n".join(after).splitlines()


@settings(max_examples=200, deadline=None, database=None)
@given(TEXTS, TEXTS)
def test_only_lines_that_differ_are_signed(before: list[str], after: list[str]):
    found = diff("\n".join(before), "\n".join(after))
    assert len(of_side(found, "was")) == found.removed
    assert len(of_side(found, "is")) == found.added
    assert bool(found.lines) == ("\n".join(before).splitlines() != "\n".join(after).splitlines())


def test_the_words_that_changed_are_marked():
    found = diff("Write two short sentences.", "Write three short lines.")
    assert marked(found) == {"was": ["two", "sentences"], "is": ["three", "lines"]}


def test_a_line_that_is_new_is_marked_as_a_whole():
    found = diff("a\nb", "a\nnew line\nb")
    assert marked(found) == {"was": [], "is": ["new line"]}
    assert of_side(found, "same") == ["a", "b"]


def test_far_from_a_change_lines_are_only_counted():
    many = [f"line {number}" for number in range(50)]
    found = diff("\n".join(many), "\n".join([*many[:25], "changed", *many[26:]]))
    assert of_side(found, "gap") == ["23 lines the same", "22 lines the same"]
    assert of_side(found, "same") == ["line 23", "line 24", "line 26", "line 27"]


def test_equal_texts_have_no_lines():
    assert diff("a\nb\n", "a\nb") == Diff((), 0, 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x" * 1_000_000, "y" * 1_000_000),
        ("a\n" * 300_000, "b\n" * 300_000),
        ("a b " * 250_000, "b a " * 250_000),
        ("".join(f"{n}\n" for n in range(100_000)), "".join(f"{-n}\n" for n in range(100_000))),
        ("a\nb\n" * 190, "b\na\nc\n" * 130),
    ],
)
def test_a_huge_change_is_cut_short_and_says_so(before: str, after: str):
    started = time.monotonic()
    found = diff(before, after)
    assert time.monotonic() - started < 10
    assert len(found.lines) <= MOST_TOLD + 1
    assert sum(len(text(line)) for line in found.lines) < MOST_CHARACTERS + 100
    assert "not shown" in text(found.lines[-1])

"""Exact, contains and regex: what counts, what is overlooked, and what cannot be scored."""

import time

import pytest

from promptbench.error import SuiteError

from .ask import metric, score, unscored


@pytest.mark.parametrize(
    ("settings", "text", "expected"),
    [
        ({}, "Paris", 1.0),
        ({}, " Paris\n", 1.0),
        ({"strip": False}, " Paris", 0.0),
        ({}, "paris", 0.0),
        ({"lowercase": True}, "PARIS", 1.0),
        ({}, "Paris.", 0.0),
        ({}, "It is Paris", 0.0),
        ({}, "", 0.0),
    ],
)
def test_exact_overlooks_what_it_says_and_nothing_else(settings, text, expected):
    assert score(metric("exact", **settings), text, "Paris") == expected


def test_exact_normalises_references_too():
    assert score(metric("exact", lowercase=True), "paris", " PARIS\n") == 1.0


def test_exact_takes_any_reference():
    assert score(metric("exact"), "b", "a", "b") == 1.0


def test_exact_knows_an_empty_reference():
    assert score(metric("exact"), "\n", "") == 1.0


def test_exact_shows_its_normaliser():
    assert metric("exact").info.label == "exact match, outer space ignored, case counts"
    loose = metric("exact", strip=False, lowercase=True).info
    assert loose.label == "exact match, outer space counts, case ignored"
    assert loose.settings == {"metric": "exact", "strip": False, "lowercase": True}
    assert loose.binary


@pytest.mark.parametrize("kind", ["exact", "contains"])
def test_without_references_there_is_no_score(kind):
    assert metric(kind).needs_references
    assert unscored(metric(kind), "text") == "the case has no reference"


def test_contains_looks_for_any_reference():
    assert score(metric("contains"), "I think it is PARIS.", "Rome", " Paris\n") == 1.0
    assert score(metric("contains"), "I think it is Oslo.", "Rome", "Paris") == 0.0
    assert score(metric("contains", case_sensitive=True), "paris", "Paris") == 0.0


def test_contains_does_not_find_an_empty_reference():
    assert score(metric("contains"), "anything", "", "Paris") == 0.0
    assert unscored(metric("contains"), "anything", "", " \n") == "the case has no reference"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Your REFUND is due on Monday.", 1.0),
        ("Money back on Monday!", 1.0),
        ("Your refund is due.", 0.0),
        ("It is due on Monday.", 0.0),
        ("Sorry: your refund is due on Monday.", 0.0),
        ("", 0.0),
    ],
)
def test_contains_asks_for_any_all_and_none(text, expected):
    asked = metric("contains", any=["refund", "money back"], all=["monday"], none=["sorry"])
    assert not asked.needs_references
    assert score(asked, text, "no such reference") == expected


@pytest.mark.parametrize(
    ("settings", "expected"), [({"all": ["a", "b"]}, 0.0), ({"none": ["b"]}, 1.0)]
)
def test_each_list_of_contains_stands_alone(settings, expected):
    assert score(metric("contains", **settings), "a") == expected


def test_contains_folds_case_as_unicode_does():
    assert score(metric("contains", any=["STRASSE"]), "Hauptstraße 1") == 1.0


def test_contains_shows_what_it_asks_for():
    label = metric("contains", any=["refund", "money back"], none=["sorry"]).info.label
    assert label == "contains any of 2 phrases, none of 'sorry', case ignored"
    assert metric("contains").info.label == "contains a reference, case ignored"
    long = metric("contains", all=["so " * 100], case_sensitive=True).info
    assert len(long.label) < 80
    assert long.settings["all"] == ["so " * 100]


def test_regex_matches_anywhere_or_in_full():
    assert score(metric("regex", pattern=r"\d+"), "room 12") == 1.0
    assert score(metric("regex", pattern=r"\d+"), "no room") == 0.0
    assert score(metric("regex", pattern=r"\d+", full=True), "room 12") == 0.0
    assert score(metric("regex", pattern=r"\d+", full=True), "12 rooms") == 0.0
    assert score(metric("regex", pattern=r"\d+", full=True), "12") == 1.0
    assert score(metric("regex", pattern=r"(?i)ROOM \p{Nd}"), "room 1") == 1.0
    assert not metric("regex", pattern="a").needs_references


def test_a_pattern_that_takes_too_long_is_no_zero():
    asked = metric("regex", pattern=r"^(a+)+$", timeout=0.1)
    started = time.perf_counter()
    assert unscored(asked, "a" * 40_000 + "b") == "the pattern took longer than 0.1 s"
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("pattern", ["(", "[a", "(" * 900 + ")" * 900, r"\p{Nonsense}"])
def test_a_wrong_pattern_is_refused_with_its_place(pattern):
    with pytest.raises(SuiteError, match="metric 'regex', setting 'pattern'") as raised:
        metric("regex", pattern=pattern)
    assert raised.value.where == "suite.yaml:7"
    assert raised.value.hint.startswith("not a pattern: ")


@pytest.mark.parametrize("timeout", [0, -1.0, 10.5, float("nan"), float("inf")])
def test_a_timeout_has_limits(timeout):
    with pytest.raises(SuiteError, match="setting 'timeout'"):
        metric("regex", pattern="a", timeout=timeout)


def test_regex_shows_its_pattern():
    info = metric("regex", pattern=r"^\d+$", full=True).info
    assert info.label == r"fully matches ^\d+$"
    expected = {"metric": "regex", "pattern": r"^\d+$", "full": True, "timeout": 1.0}
    assert info.settings == expected

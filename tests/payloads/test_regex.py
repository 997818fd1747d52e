"""Regular expressions from suites: none runs for long, and none is compiled into gigabytes."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from promptbench.error import SuiteError
from promptbench.metric.schema import check_schema, first_violation
from promptbench.suite.pattern import compiled
from tests.cost import at_most
from tests.errors.workspace import SUITE, Entry, happen, suite
from tests.metric.ask import metric, unscored

LONG = "a" * 5000 + "!"


class Slow(NamedTuple):
    """A pattern that takes years over a text."""

    name: str
    pattern: str
    text: str


SLOW = [
    Slow("a repetition repeated", r"(a+)+$", LONG),
    Slow("alternatives that overlap", r"(a|aa)+$", LONG),
    Slow("words", r"(\w+\s?)*$", LONG),
    Slow("two that share", r"(x+x+)+y", "x" * 50_000),
    Slow("backwards", r"(?r)y(x+x+)+", "x" * 50_000),
    Slow("counted twice", r"(?:a{1,99}){1,99}b", LONG),
    Slow("a name in capitals", r"^(([a-z])+.)+[A-Z]([a-z])+$", LONG),
]

# Each would be compiled into more nodes than memory holds.
LARGE = {
    "ten to the eighth": "(((((((a{10}){10}){10}){10}){10}){10}){10}){10}",
    "one large count": "(?:ab){99999999}",
    "a count of a letter": "a{99999999}",
    "two counts": "(?:a{1000}){1000}",
    "a count of a class": "[ab]{99999999}",
    "without an upper end": "(?:(?:ab){10000,}){10000,}",
    "under the flag x": "(?x) ( a{1000} # ) \n ) {1000}",
    "a class that hides the bracket": "(?V1)([[a])]{1000}){1000}",
    "a possessive count": "(?:(?:ab){1000}+){1000}+",
}

# While they match, memory grows by a gigabyte a second.
RECURSIVE = ["(?R)|a(?R)b", "(?0)", "(a(?1)?)*b", "(?P<n>a(?&n)*)", "(?P<n>a(?P>n)*)", r"\\\\(?R)"]

# What people write.
USUAL = [
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}",
    r"^(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$",
    r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}",
    r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}",
    r"(?i)\b(?:dear|hello|hi)\b.{1,200}\b(?:regards|best)\b",
    r"\(?R\)?",
    r"^\s*(?:- .{10,300}\n?){3,5}\s*$",
    r"\p{Lu}\p{Ll}{2,}(?: \p{Lu}\p{Ll}{2,}){1,3}",
]


@pytest.mark.parametrize("slow", SLOW, ids=lambda slow: slow.name)
def test_a_slow_pattern_is_stopped_and_the_output_unscored(slow: Slow):
    asked = metric("regex", pattern=slow.pattern, timeout=0.2)
    with at_most(seconds=2, megabytes=200):
        reason = unscored(asked, slow.text)
    assert reason == "the pattern took longer than 0.2 s"


@pytest.mark.parametrize("slow", SLOW[:3], ids=lambda slow: slow.name)
def test_a_slow_pattern_of_a_schema_is_stopped(slow: Slow):
    asked = metric("json_schema", rules={"type": "string", "pattern": slow.pattern})
    with at_most(seconds=3, megabytes=200):
        reason = unscored(asked, f'"{slow.text}"')
    assert reason == "a pattern of the schema took longer than 1 s"


@pytest.mark.parametrize("name", LARGE)
def test_a_pattern_that_would_fill_the_memory_is_not_compiled(name: str):
    with at_most(seconds=1, megabytes=50), pytest.raises(SuiteError) as caught:
        metric("regex", pattern=LARGE[name])
    assert "multiply to too much" in str(caught.value)


@pytest.mark.parametrize("name", [n for n, pattern in LARGE.items() if "V1" not in pattern])
def test_nor_is_one_of_a_schema(name: str):
    with at_most(seconds=1, megabytes=50), pytest.raises(ValueError, match="multiply to too much"):
        check_schema({"properties": {"a": {"pattern": LARGE[name]}}})


@pytest.mark.parametrize("pattern", USUAL)
def test_usual_patterns_are_fine(pattern: str):
    assert compiled(pattern).pattern == pattern


@pytest.mark.parametrize("pattern", RECURSIVE)
def test_a_pattern_that_calls_itself_is_refused(pattern: str):
    with pytest.raises(ValueError, match="recursion, such as"):
        compiled(pattern)


# What the patterns of a suite come to by way of a schema.


def laughing(levels: int) -> dict[str, Any]:
    """Every rule refers to the next one twice."""
    rules: dict[str, Any] = {
        f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(levels)
    }
    return {"$ref": "#/$defs/a0", "$defs": rules | {f"a{levels}": {"type": "string"}}}


def test_references_that_double_are_stopped():
    rules = laughing(40)
    check_schema(rules)
    with at_most(seconds=3, megabytes=100), pytest.raises(ValueError, match="schema took long"):
        first_violation({}, rules)


def test_a_few_references_are_followed():
    assert first_violation({}, laughing(3)) == "$: {} is not of type 'string'"
    assert first_violation("a", laughing(3)) == ""


def evaluated(levels: int) -> dict[str, Any]:
    """Every rule asks twice which names the rules below it have seen."""
    rules: dict[str, Any] = {"type": "object"}
    for _ in range(levels):
        rules = {"allOf": [rules, rules], "unevaluatedProperties": {"type": "string"}}
    return rules


# Rules that are no pattern and no reference, and a value that takes them long.
LATE = {
    "each name asked for twice, and again": (evaluated(18), {"a": 1}),
    "a choice of choices": ({"anyOf": [{"items": {"not": {}}}] * 20_000}, list(range(2000))),
}
ROWS = [{"a": number} for number in range(5000)]
# Rules that cannot be applied to a value, or to any.
USELESS: dict[str, tuple[Any, Any]] = {
    "a number past all others": ({"multipleOf": 0.5}, 10**400),
    "infinity": ({"multipleOf": 0.1}, float("inf")),
    "a reference to a name": ({"$ref": "#/required/0", "required": ["a"]}, {}),
    "a reference to a number": ({"$ref": "#/minimum", "minimum": 1}, 2),
    "a reference into a list": ({"$ref": "#/allOf/x", "allOf": [{}]}, 2),
}


@pytest.mark.parametrize("name", LATE)
def test_rules_that_take_long_are_stopped(name: str):
    rules, value = LATE[name]
    with at_most(seconds=2, megabytes=300), pytest.raises(ValueError, match="took longer than 1 s"):
        first_violation(value, rules)


def test_many_items_are_compared_in_time():
    with at_most(seconds=1, megabytes=100):
        assert first_violation(ROWS, {"uniqueItems": True}) == ""
        assert first_violation([*ROWS, {"a": 7.0}], {"uniqueItems": True})


def test_items_are_equal_as_json_has_it():
    same = [[1, 1.0], [{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}], [[0], [0]], [None, None]]
    assert all(first_violation(items, {"uniqueItems": True}) for items in same)
    others = [1, True, 0, False, "1", None, [1], [True], {"1": 1}, [["1", 1]], {}, []]
    assert first_violation(others, {"uniqueItems": True}) == ""
    assert first_violation([1, 1], {"uniqueItems": False}) == ""


@pytest.mark.parametrize("name", USELESS)
def test_a_rule_that_cannot_be_applied_is_no_crash(name: str):
    rules, value = USELESS[name]
    check_schema(rules)
    with pytest.raises(ValueError, match="the schema cannot be applied"):
        first_violation(value, rules)
    done = unscored(metric("json_schema", rules={"multipleOf": 0.5}), "1" + "0" * 400)
    assert done.startswith("the schema cannot be applied")


@pytest.mark.parametrize("where", ["#", "#/$defs/a"])
def test_references_in_a_circle_end(where: str):
    rules = {"$ref": where, "$defs": {"a": {"$ref": "#/$defs/a"}}}
    with at_most(seconds=3, megabytes=100), pytest.raises(ValueError, match=r"deep|references"):
        first_violation({}, rules)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x.json", "file:///etc/passwd"])
def test_a_schema_fetches_nothing(address: str):
    with pytest.raises(ValueError, match="which it does not hold"):
        first_violation({}, {"$ref": address})


# Through the command line.


@pytest.mark.parametrize("name", ["ten to the eighth", "one large count", "under the flag x"])
def test_the_command_ends_with_exit_code_2_and_one_message(name: str):
    pattern = LARGE[name].replace("\n", "\\n")
    changed = suite("  - rougeL", f'  - regex: {{pattern: "{pattern}"}}\n  - rougeL')
    with at_most(seconds=10, megabytes=200):
        outcome = happen(Entry(name, "gave a hostile pattern", changed))
    assert outcome.code == 2
    assert outcome.message.startswith(f"error: {SUITE}:11: metric 'regex', setting 'pattern': ")
    assert "multiply to too much" in outcome.message


def test_count():
    assert (len(SLOW), len(LARGE), len(RECURSIVE), len(USUAL)) == (7, 9, 6, 8)
    assert (len(LATE), len(USELESS)) == (2, 5)

"""JSON outputs: what is JSON, what keeps to a schema, which fields are right."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptbench.error import SuiteError

from .ask import case, metric, output, score, unscored

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
KEYS = st.text(max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "pattern": "^[A-Z]"}, "age": {"type": "integer"}},
    "required": ["name"],
}


def found(asked, text, *references):
    got = asked.score(output(text), case(*references))
    return got.value, got.reason


@pytest.mark.parametrize("text", ['{"a": [1, 2.5, null]}', "3", ' "text"\n', "[]", "true"])
def test_json_is_json(text):
    assert score(metric("json_valid"), text) == 1.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON: Expecting value"),
        ("{'a': 1}", "not JSON: Expecting property name"),
        ('Here it is: {"a": 1}', "not JSON: Expecting value"),
        ('{"a": 1} Bye', "not JSON: Extra data"),
        ('{"a": NaN}', "not JSON: NaN is no JSON"),
        ("[" * 100_000, "not JSON: "),
        ("9" * 5000, "not JSON: "),
        ('```json\n{"a": 1}\n```', "it is inside a code fence"),
    ],
)
def test_what_is_no_json_is_0_with_its_reason(text, reason):
    value, why = found(metric("json_valid"), text)
    assert value == 0.0 and reason in why


@pytest.mark.parametrize("fence", ["```json\n{}\n```", "```\n{}\n```", "\n```JSON \n{}\n ```\n"])
def test_a_fence_is_accepted_only_if_asked_for(fence):
    assert score(metric("json_valid", fence=True), fence.format('{"a": 1}')) == 1.0
    assert found(metric("json_valid"), fence)[0] == 0.0
    assert found(metric("json_valid", fence=True), f"Sure:\n{fence}")[0] == 0.0
    assert metric("json_valid", fence=True).info.label == "is JSON, a code fence is allowed"


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ('{"name": "Bob", "age": 3}', 1.0, ""),
        ('{"age": 3}', 0.0, "$: 'name' is a required property"),
        ('{"name": "bob"}', 0.0, "$.name: 'bob' does not match '^[A-Z]'"),
        ('{"name": "Bob", "age": 3.5}', 0.0, "$.age: 3.5 is not of type 'integer'"),
        ("Bob", 0.0, "not JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_a_schema_is_kept_or_it_is_said_where_not(text, value, reason):
    assert found(metric("json_schema", rules=PERSON), text) == (value, reason)


@pytest.mark.parametrize(
    ("rules", "hint"),
    [
        ({"type": "objekt"}, "not a JSON Schema: "),
        ({"pattern": "("}, "'(' is not a 'regex'"),
        ({"patternProperties": {"a": {}}}, "patternProperties is not supported"),
    ],
)
def test_a_wrong_schema_is_refused(rules, hint):
    with pytest.raises(SuiteError, match="metric 'json_schema', setting 'rules'") as raised:
        metric("json_schema", rules=rules)
    assert hint in raised.value.hint


def test_a_schema_reaches_for_nothing_outside_and_does_not_hang():
    remote = metric("json_schema", rules={"$ref": "http://127.0.0.1:9/schema.json"})
    assert "which it does not hold" in unscored(remote, "{}")
    circle = metric("json_schema", rules={"$ref": "#"})
    assert unscored(circle, "{}") == "the schema or the value is nested too deeply"
    slow = metric("json_schema", rules={"pattern": "^(a|aa)+$"})
    started = time.perf_counter()
    assert unscored(slow, json.dumps("a" * 100 + "b")).startswith("a pattern of the schema took")
    assert time.perf_counter() - started < 10


REFERENCE = '{"name": "Bob", "items": [{"price": 1}, {"price": 2}], "tags": []}'


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        (REFERENCE, 1.0, ""),
        ('{"tags": [], "items": [{"price": 1.0}, {"price": 2}], "name": " Bob "}', 1.0, ""),
        ('{"name": "Ann", "items": [{"price": 1}, {"price": 2}], "tags": []}', 0.75, "wrong: name"),
        (
            '{"name": "Bob", "items": [{"price": 1}], "extra": true}',
            4 / 7,
            "missing: items[1].price, tags; extra: extra",
        ),
        ('{"name": "Bob", "items": [{"price": 2}, {"price": 1}], "tags": []}', 0.5,
         "wrong: items[0].price, items[1].price"),
        ("{}", 0.0, "missing: name, items[0].price, items[1].price, tags; extra: the value"),
        ("", 0.0, "not JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
)  # fmt: skip
def test_fields_are_compared_path_by_path(text, value, reason):
    got = found(metric("json_fields"), text, REFERENCE)
    assert got == (pytest.approx(value), reason)


def test_lists_may_be_unordered():
    asked = metric("json_fields", lists="unordered")
    assert score(asked, "[3, 1, 1]", "[1, 3, 1]") == 1.0
    assert found(asked, "[3, 1]", "[1, 3, 1]") == (pytest.approx(0.8), "missing: []")


def test_items_of_unordered_lists_stay_whole():
    """The price of one item is not right because another item has it."""
    asked = metric("json_fields", lists="unordered")
    wanted = '[{"item": "pen", "price": 1}, {"item": "ink", "price": 9}]'
    swapped = '[{"item": "ink", "price": 1}, {"item": "pen", "price": 9}]'
    assert found(asked, swapped, wanted) == (0.5, "wrong: [].item")
    turned = '[{"item": "ink", "price": 9}, {"price": 1, "item": "pen"}]'
    assert found(asked, turned, wanted) == (1.0, "")
    more = '[{"item": "cap", "price": 2}, {"item": "ink", "price": 9}]'
    assert found(asked, more, wanted) == (0.5, "wrong: [].item, [].price")
    nested, other = '{"a": [[1, 2], [3]]}', '{"a": [[3], [2, 1]]}'
    assert score(asked, nested, other) == 1.0


def test_long_unordered_lists_are_compared_by_their_equal_items():
    asked = metric("json_fields", lists="unordered")
    many = [{"id": number, "tag": f"t{number}"} for number in range(400)]
    assert score(asked, json.dumps(many[::-1]), json.dumps(many)) == 1.0
    half = [{"id": number, "tag": "x"} for number in range(200)] + many[200:]
    assert 0.5 <= found(asked, json.dumps(half[::-1]), json.dumps(many))[0] <= 0.75


@pytest.mark.parametrize("depth", [40, 400])
def test_lists_in_lists_are_no_end_of_it(depth):
    text = "[" * depth + "1" + "]" * depth
    assert score(metric("json_fields", lists="unordered"), text, text) == 1.0


def test_a_dot_or_a_bracket_in_a_name_is_no_level():
    for lists in ("ordered", "unordered"):
        asked = metric("json_fields", lists=lists)
        assert found(asked, '{"a.b": 1}', '{"a": {"b": 1}}')[0] == 0.0
        assert found(asked, '{"a[0]": 1}', '{"a": [1]}')[0] == 0.0
        assert found(asked, '{"0": 1}', "[1]")[0] == 0.0


def test_true_is_not_1_and_text_is_no_number():
    assert found(metric("json_fields"), '{"a": true}', '{"a": 1}') == (0.0, "wrong: a")
    assert found(metric("json_fields"), '{"a": "1"}', '{"a": 1}') == (0.0, "wrong: a")


def test_references_that_are_no_json_are_left_out():
    asked = metric("json_fields")
    assert unscored(asked, "{}") == "the case has no reference"
    assert unscored(asked, "{}", "no json") == "no reference is JSON"
    assert score(asked, '{"a": 1}', "no json", '{"b": 1}', '```json\n{"a": 1}\n```') == 1.0


@pytest.mark.parametrize("lists", ["ordered", "unordered"])
@given(one=VALUES, other=VALUES)
def test_fields_f1_is_symmetric_and_1_for_itself(lists, one, other):
    asked = metric("json_fields", lists=lists)
    first, second = json.dumps(one), json.dumps(other)
    assert score(asked, first, first) == 1.0
    there, back = found(asked, first, second)[0], found(asked, second, first)[0]
    assert there == back and 0 <= there <= 1


@given(st.text())
def test_no_text_is_a_crash(text):
    for kind, settings in (("json_valid", {}), ("json_schema", {"rules": {}}), ("json_fields", {})):
        assert found(metric(kind, **settings), text + "\ud800", "{}")[0] in (0.0, 1.0)

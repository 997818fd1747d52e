"""The exported JSON Schema says what the reader accepts, short forms included."""

import json

import pytest

from promptbench.suite.schema import SuiteFile, suite_schema

METRICS = {
    "type": "array",
    "minItems": 1,
    "items": {"$ref": "#/$defs/Metric"},
    "$defs": {"Metric": {"anyOf": [{"type": "string"}, {"type": "object"}]}},
}

TYPES = {"string", "integer", "number", "boolean", "null", "array", "object"}
# Every keyword that the schema uses, and what its value must be: JSON Schema 2020-12.
WORDS = {
    "$schema": str,
    "$defs": dict,
    "$ref": str,
    "type": str,
    "title": str,
    "description": str,
    "default": object,
    "enum": list,
    "properties": dict,
    "propertyNames": dict,
    "required": list,
    "additionalProperties": (bool, dict),
    "items": dict,
    "anyOf": list,
    "pattern": str,
    "minLength": int,
    "minItems": int,
    "minimum": (int, float),
    "maximum": (int, float),
    "exclusiveMinimum": (int, float),
}


@pytest.fixture
def schema():
    return suite_schema(METRICS)


def nodes(schema):
    """Every schema inside a schema, itself first."""
    yield schema
    for word in ("properties", "$defs"):
        for part in schema.get(word, {}).values():
            yield from nodes(part)
    for part in [schema["items"]] if "items" in schema else []:
        yield from nodes(part)
    for part in schema.get("anyOf", []):
        yield from nodes(part)


def test_it_says_which_json_schema_it_is(schema):
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["type"] == "object"


def test_every_keyword_is_known_and_of_its_type(schema):
    for node in nodes(schema):
        for word, value in node.items():
            assert word in WORDS, word
            assert isinstance(value, WORDS[word]), (word, value)
        assert node.get("type", "string") in TYPES


def test_every_reference_leads_to_a_definition(schema):
    found = {node["$ref"] for node in nodes(schema) if "$ref" in node}
    assert found == {f"#/$defs/{name}" for name in schema["$defs"]}


def test_what_is_required_is_described(schema):
    for node in nodes(schema):
        assert set(node.get("required", [])) <= set(node.get("properties", {}))
    assert schema["required"] == ["suite", "data", "prompts", "models", "metrics"]


def test_unknown_keys_are_refused_at_every_level(schema):
    objects = [node for node in nodes(schema) if "properties" in node]
    defined = [node for node in schema["$defs"].values() if "properties" in node]
    assert len(objects) == 1 + len(defined)
    assert all(node["additionalProperties"] is False for node in objects)


def test_every_key_of_the_reader_is_in_it(schema):
    assert list(schema["properties"]) == list(SuiteFile.model_fields)


def test_an_editor_can_explain_the_keys(schema):
    for name in (
        "DataFile",
        "Examples",
        "GateEntry",
        "ModelEntry",
        "PromptFile",
        "SamplingSettings",
    ):
        for key, node in schema["$defs"][name]["properties"].items():
            assert node.get("description"), (name, key)


def test_the_short_forms_are_in_it(schema):
    properties = schema["properties"]
    assert properties["prompts"]["items"]["anyOf"] == [
        {"type": "string", "minLength": 1},
        {"$ref": "#/$defs/PromptFile"},
    ]
    assert properties["gates"]["items"]["anyOf"] == [
        {"type": "string", "minLength": 1},
        {"$ref": "#/$defs/GateEntry"},
    ]
    one, many = properties["sampling"]["anyOf"]
    assert (one["$ref"], many["type"]) == ("#/$defs/SamplingSettings", "array")
    text, texts = schema["$defs"]["DataFile"]["properties"]["references"]["anyOf"]
    assert (text["type"], texts["type"]) == ("string", "array")


def test_the_metrics_are_those_that_are_handed_in(schema):
    assert schema["properties"]["metrics"] == {k: METRICS[k] for k in ("type", "minItems", "items")}
    assert schema["$defs"]["Metric"] == METRICS["$defs"]["Metric"]


def test_what_is_handed_in_stays_as_it_was():
    before = json.dumps(METRICS)
    assert suite_schema(METRICS) == suite_schema(METRICS)
    assert json.dumps(METRICS) == before


def test_it_is_json(schema):
    assert json.loads(json.dumps(schema)) == schema

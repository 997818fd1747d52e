"""A validation error becomes what was found, what is allowed and what to do."""

import pytest
from pydantic import ValidationError

from promptbench.suite.explain import explain, inner_model, model_at, show
from promptbench.suite.schema import (
    DataFile,
    Examples,
    ModelEntry,
    PromptFile,
    SamplingSettings,
    SuiteFile,
)

GOOD = {
    "suite": "s",
    "data": {"test": "t.jsonl"},
    "prompts": [{"file": "p.j2"}],
    "models": [{"model": "m"}],
    "metrics": ["exact"],
}


def told(**changes):
    """(what, hint) of each problem that the changed suite has."""
    with pytest.raises(ValidationError) as caught:
        SuiteFile.model_validate(GOOD | changes)
    return [explain(entry, SuiteFile) for entry in caught.value.errors()]


def test_the_good_suite_is_good():
    assert SuiteFile.model_validate(GOOD).suite == "s"


@pytest.mark.parametrize(
    ("changes", "unknown", "meant", "allowed"),
    [
        ({"metric": []}, "metric", "metrics", ("data", "models", "primary", "suite")),
        ({"data": {"test": "t", "referenes": []}}, "referenes", "references", ("cluster", "dev")),
        ({"prompts": [{"file": "p", "nam": "x"}]}, "nam", "name", ("examples", "file")),
        (
            {"prompts": [{"file": "p", "examples": {"cuont": 1}}]},
            "cuont",
            "count",
            ("max_characters", "seed"),
        ),
        ({"sampling": [{"temprature": 1}]}, "temprature", "temperature", ("max_tokens", "top_p")),
        ({"prompts": [{"file": "p", "Name": "x"}]}, "Name", "name", ("examples", "file")),
    ],
)
def test_an_unknown_key_is_told_with_the_keys_of_its_own_level(changes, unknown, meant, allowed):
    ((what, hint),) = told(**changes)
    assert what == f"unknown key '{unknown}'"
    assert hint.startswith(f"Did you mean '{meant}'? Allowed: ")
    listed = hint.partition("Allowed: ")[2].rstrip(".").split(", ")
    assert set(allowed) < set(listed)
    assert "models" not in listed or "metric" in changes


def test_a_key_unlike_any_other_is_told_without_a_guess():
    ((what, hint),) = told(zzzzzz=1)
    assert what == "unknown key 'zzzzzz'"
    assert hint.startswith("Allowed: ")


def test_a_key_with_odd_signs_is_told_as_it_is():
    assert told(**{"te[st": 1})[0][0] == "unknown key 'te[st'"
    assert told(data={"test": "t", "str": 1})[0][0] == "unknown key 'str'"


@pytest.mark.parametrize(
    ("changes", "key", "about"),
    [
        ({"data": {}}, "data.test", "cases"),
        ({"prompts": [{}]}, "prompts.file", "path"),
    ],
)
def test_a_missing_key_is_told_with_what_it_is_for(changes, key, about):
    ((what, hint),) = told(**changes)
    assert what == f"key '{key}' is missing"
    assert about in hint


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"description": 12}, "description: expected text, found 12"),
        ({"description": None}, "description: expected text, found nothing"),
        ({"models": "m"}, "models: expected a list, found 'm'"),
        ({"models": [{"model": True}]}, "models.model: expected text, found true"),
        ({"models": {"a": 1}}, "models: expected a list, found a mapping"),
        ({"prompts": [3]}, "prompts: expected a mapping (key: value lines), found 3"),
        ({"data": ["a"]}, "data: expected a mapping (key: value lines), found a list of 1"),
        ({"repeats": 1.5}, "repeats: expected a whole number, found 1.5"),
        ({"repeats": "2"}, "repeats: expected a whole number, found '2'"),
        ({"repeats": True}, "repeats: expected a whole number, found true"),
        ({"sampling": [{"top_p": "x"}]}, "sampling.top_p: expected a number, found 'x'"),
        ({"sampling": [{"stop": "x"}]}, "sampling.stop: expected a list, found 'x'"),
        ({"data": {"test": "t", "references": [3]}}, "data.references: expected text, found 3"),
        ({"models": []}, "models: expected at least one entry, found a list of 0"),
        ({"models": [{"model": ""}]}, "models.model: expected text that is not empty, found ''"),
        ({"repeats": 0}, "repeats: expected at least 1, found 0"),
        ({"repeats": 1001}, "repeats: expected at most 1,000, found 1001"),
        ({"sampling": [{"top_p": 0}]}, "sampling.top_p: expected more than 0, found 0"),
        ({"sampling": [{"top_p": 1.5}]}, "sampling.top_p: expected at most 1, found 1.5"),
        (
            {"sampling": [{"temperature": -1}]},
            "sampling.temperature: expected at least 0, found -1",
        ),
    ],
)
def test_a_wrong_value_is_told_with_what_is_expected_and_found(changes, what):
    ((found, _),) = told(**changes)
    assert found == what


@pytest.mark.parametrize(
    "name", ["../x", "a b", "", "-a", ".a", "a/b", "x" * 65, "caf\u00e9", "a\n"]
)
def test_a_name_that_could_not_be_part_of_a_run_id_is_refused(name):
    ((what, _),) = told(suite=name)
    assert what.startswith("suite: expected a name of letters, digits")


@pytest.mark.parametrize("name", ["a", "A.b-c_d", "7", "x" * 64, "no", "012"])
def test_a_plain_name_is_fine(name):
    assert SuiteFile.model_validate(GOOD | {"suite": name}).suite == name


def test_a_number_in_place_of_text_is_told_to_go_into_quotes():
    assert told(description=12)[0][1] == 'Put it in quotes: "12".'
    assert told(description=True)[0][1] == 'Put it in quotes: "true".'


def test_several_problems_are_all_told():
    found = told(suite=3, repeats=0, data={"tset": "x"}, models=[])
    assert len(found) == 5


def test_a_temperature_may_be_a_whole_number():
    value = SuiteFile.model_validate(GOOD | {"sampling": [{"temperature": 0, "top_p": 1}]})
    assert (value.sampling[0].temperature, value.sampling[0].top_p) == (0.0, 1.0)
    assert isinstance(value.sampling[0].temperature, float)


@pytest.mark.parametrize(
    ("loc", "model"),
    [
        ((), SuiteFile),
        (("data",), DataFile),
        (("prompts", 0), PromptFile),
        (("prompts", 3, "examples"), Examples),
        (("sampling", 0), SamplingSettings),
        (("models", 0), ModelEntry),
    ],
)
def test_a_location_leads_to_its_model(loc, model):
    assert model_at(SuiteFile, loc) is model


def test_a_model_is_found_inside_an_annotation():
    assert inner_model(Examples | None) is Examples
    assert inner_model(list[PromptFile]) is PromptFile
    assert inner_model(dict[str, int]) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nothing"),
        (True, "true"),
        (12, "12"),
        ("no", "'no'"),
        ("a\x1b[31m\n", r"'a\x1b[31m\n'"),
        ({}, "a mapping"),
        ([1, 2], "a list of 2"),
    ],
)
def test_a_value_is_shown_as_a_reader_would_call_it(value, shown):
    assert show(value) == shown


def test_a_long_value_is_shortened():
    assert show("x" * 1000) == "'" + "x" * 56 + "..."
    assert len(show("x" * 58)) == 60

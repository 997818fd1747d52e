"""Metrics of the user's own: what a function may be, return and raise."""

import hashlib
import importlib
import sys
from importlib.metadata import version

import pytest

from promptbench.error import SuiteError
from promptbench.metric.own import load_function
from promptbench.record import Case, Completion

DONE = Completion("key", "please and thanks", 3, 5, "stop", 0.5)
CASE = Case("one", {"body": "x"}, ("thanks",))


@pytest.fixture
def load(tmp_path):
    """Write a file and load its function `f`."""

    def write(source, name="f", **more):
        path = tmp_path / "mine.py"
        path.write_text(source, "utf-8")
        return load_function(path, name, where="suite.yaml:9", **more)

    return write


def scored(asked):
    found = asked.score(DONE, CASE)
    assert found.metric == asked.info.name
    return found.value, found.reason


def test_a_function_is_a_metric(load):
    source = (
        'def f(text, case):\n    """Count\n    politeness."""\n    return text.count("please")\n'
    )
    asked = load(source)
    assert scored(asked) == (1.0, "")
    info = asked.info
    assert (info.name, info.label, info.direction) == ("f", "f (mine.py)", "higher")
    assert (info.low, info.high, info.binary) == (None, None, False)
    assert info.description.startswith("Count politeness. ")
    digest = hashlib.sha256(source.encode()).hexdigest()
    assert info.settings == {"metric": "mine.py:f", "sha256": digest}
    assert load(source + "\n").info.settings != info.settings
    assert load(source, alias="polite").info.name == "polite"


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """Write a module that can be imported, as if for the first time."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, source):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, "utf-8")
        for known in list(sys.modules):
            if known.startswith("scoring_rules"):
                monkeypatch.delitem(sys.modules, known)
        importlib.invalidate_caches()

    return write


def test_what_its_file_imports_is_part_of_a_metric(load, beside):
    """Else the scores of the old rules would be found and taken for those of the new ones."""
    beside("scoring_rules/__init__.py", "from .words import POLITE\n")
    beside("scoring_rules/words.py", "POLITE = 'please'\n")
    source = "from scoring_rules import POLITE\ndef f(text, case): return text.count(POLITE)"
    first = load(source)
    assert scored(first) == (1.0, "")
    assert list(first.info.settings["imports"]) == ["scoring_rules", "scoring_rules.words"]
    assert load(source).info == first.info
    beside("scoring_rules/words.py", "POLITE = 'kindly'\n")
    second = load(source)
    assert scored(second) == (0.0, "")
    assert second.info.settings["sha256"] == first.info.settings["sha256"]
    assert second.info.settings["imports"] != first.info.settings["imports"]


def test_an_installed_package_that_it_imports_is_named_with_its_version(load):
    source = "import json, numpy.linalg\nfrom promptbench.metric.own import metric\n"
    info = load(f"{source}def f(text, case): return 1").info
    assert info.settings["imports"] == {"numpy": f"numpy {version('numpy')}"}


def test_a_third_parameter_is_the_completion(load):
    assert scored(load("def f(text, case, completion): return completion.seconds")) == (0.5, "")
    assert scored(load("def f(text, case, extra=None): return extra is not None")) == (1.0, "")
    assert scored(load("def f(*given): return len(given)")) == (3.0, "")


def test_what_a_decorator_says_is_kept(load):
    head = "from promptbench.metric.own import metric\n"
    info = load(
        head + "@metric(direction='lower', low=0, high=5)\ndef f(text, case): return 1"
    ).info
    assert (info.direction, info.low, info.high, info.binary) == ("lower", 0, 5, False)
    info = load(head + "@metric(binary=True)\ndef f(text, case): return True").info
    assert (info.low, info.high, info.binary) == (0.0, 1.0, True)
    info = load("def f(text, case): return 1\nf.direction = 'none'").info
    assert info.direction == "none"
    with pytest.raises(SuiteError, match="f has the direction 'lowr'") as raised:
        load("def f(text, case): return 1\nf.direction = 'lowr'")
    assert raised.value.hint.startswith("Did you mean 'lower'?")


@pytest.mark.parametrize(
    ("body", "value", "reason"),
    [
        ("True", 1.0, ""),
        ("0", 0.0, ""),
        ("None", None, "the function returned None"),
        ("1 / 0", None, "ZeroDivisionError: division by zero"),
        ("float('nan')", None, "the function returned no finite number but nan"),
        ("float('inf')", None, "the function returned no finite number but inf"),
        ("'0.5'", None, "the function returned no finite number but '0.5'"),
        ("10 ** 400", None, "the function returned no finite number but 1000000"),
        ("[1]", None, "the function returned no finite number but [1]"),
    ],
)
def test_what_is_no_score_is_unscored_with_its_reason(load, body, value, reason):
    found, why = scored(load(f"def f(text, case): return {body}"))
    assert found == value
    assert why.startswith(reason) and bool(why) == bool(reason) and len(why) < 100


def test_numpy_numbers_are_numbers(load):
    assert scored(load("import numpy\ndef f(text, case): return numpy.float32(0.5)")) == (0.5, "")


def test_values_outside_the_range_are_no_scores(load):
    source = "def f(text, case): return {}\nf.low, f.high, f.binary = 0, 1, {}"
    assert scored(load(source.format(2, False)))[1].endswith("2, which is outside its range")
    assert scored(load(source.format(0.5, True)))[1].endswith("0.5, and is said to be binary")
    assert scored(load(source.format(0.5, False))) == (0.5, "")


@pytest.mark.parametrize(
    ("source", "name", "message", "hint"),
    [
        ("def polite(text, case): return 1", "plite", "mine.py has no function 'plite'",
         "Did you mean 'polite'? Functions there: polite."),
        ("f = 3", "f", "mine.py has no function 'f'", "A metric is `def name("),
        ("def f(:", "f", "mine.py is no Python, line 1", ""),
        ("import no_such_thing", "f", "mine.py cannot be imported: ModuleNotFoundError", ""),
        ("raise SystemExit(3)", "f", "mine.py cannot be imported: SystemExit: 3", ""),
        ("def f(text): return 1", "f", "f(text) does not take (text, case)", "A metric is `def"),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded_is_refused(load, source, name, message, hint):
    with pytest.raises(SuiteError) as raised:
        load(source, name)
    assert message in raised.value.what and hint in raised.value.hint
    assert raised.value.where == "suite.yaml:9"


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SuiteError, match=r"cannot read none.py: No such file"):
        load_function(tmp_path / "none.py", "f")


def test_dataclasses_work_in_such_a_file(load):
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass A:\n    x: int\ndef f(text, case): return A(2).x"
    )
    assert scored(load(source)) == (2.0, "")

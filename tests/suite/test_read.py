"""A suite file becomes a Suite, with every name resolved, or an error with its place."""

import pytest

from promptbench.error import EXIT_BAD_INPUT, SuiteError
from promptbench.record import MetricSpec, Sampling
from promptbench.suite.data import Fields, read_cases
from promptbench.suite.read import read_suite
from promptbench.suite.schema import Examples
from promptbench.suite.stated import ModelSpec

from .folder import SUITE, problem, project, suite_of, with_line

FULL = """\
suite: mails
description: Reply to mails.
data:
  test: data/test.jsonl
  dev: data/dev.csv
  train: data/train.jsonl
  id: key
  references: [short, long]
  cluster: thread
prompts:
  - ../prompts/plain.j2
  - file: ../prompts/few.j2
    name: three
    examples: {count: 5, seed: 2, max_characters: 900}
models: [smollm2, ./checkpoints/x]
sampling:
  - {name: greedy}
  - name: warm
    temperature: 0.7
    top_p: 0.9
    top_k: 40
    repetition_penalty: 1.1
    max_tokens: 99
    stop: ["\\n\\n", END]
    seed: 3
metrics:
  - rougeL
  - sentences: {max: 2}
  - words:
primary: sentences
repeats: 4
"""


@pytest.fixture
def full(tmp_path):
    project(tmp_path, few="x")
    for name in ("dev.csv", "train.jsonl"):
        (tmp_path / "suites/data" / name).write_text("")
    return suite_of(tmp_path, FULL)


# The whole of it


def test_the_smallest_suite_has_the_defaults(tmp_path):
    suite = suite_of(tmp_path)
    assert suite.name == "mails"
    assert (suite.description, suite.primary, suite.repeats) == ("", "", 1)
    assert suite.samplings == {"": Sampling()}
    assert list(suite.splits) == ["test"]
    assert suite.split("test").fields == Fields()
    assert suite.metrics == (MetricSpec("rougeL", {}, f"{tmp_path}/suites/mails.yaml:9"),)
    assert suite.models == (ModelSpec("smollm2", f"{tmp_path}/suites/mails.yaml:7", "smollm2"),)


def test_a_suite_knows_where_it_lies_and_what_it_said(tmp_path):
    suite = suite_of(tmp_path)
    assert suite.path == tmp_path / "suites/mails.yaml"
    assert suite.workspace == tmp_path
    assert suite.source == SUITE


def test_the_cases_of_a_split_can_be_read(tmp_path):
    (case,) = read_cases(suite_of(tmp_path).split("test"))
    assert (case.id, case.variables, case.references) == ("1", {"text": "a"}, ("b",))


def test_every_split_has_its_file_and_the_fields(full, tmp_path):
    assert list(full.splits) == ["test", "dev", "train"]
    fields = Fields(
        "key", ("short", "long"), "thread", frozenset({"key", "short", "long", "thread"})
    )
    for split, name in (("test", "test.jsonl"), ("dev", "dev.csv"), ("train", "train.jsonl")):
        assert full.split(split).path == tmp_path / "suites/data" / name
        assert full.split(split).fields == fields


def test_prompts_have_names_paths_lines_and_examples(full, tmp_path):
    plain, three = full.prompts
    assert (plain.name, plain.path) == ("plain", tmp_path / "prompts/plain.j2")
    assert plain.where.endswith("mails.yaml:11")
    assert plain.examples is None
    assert (three.name, three.path) == ("three", tmp_path / "prompts/few.j2")
    assert three.where.endswith("mails.yaml:12")
    assert three.examples == Examples(count=5, seed=2, max_characters=900)


def test_models_metrics_and_the_rest_are_as_stated(full):
    assert [model.spec for model in full.models] == ["smollm2", "./checkpoints/x"]
    found = [(m.name, m.settings, m.where.rpartition(":")[2]) for m in full.metrics]
    assert found == [("rougeL", {}, "27"), ("sentences", {"max": 2}, "28"), ("words", {}, "29")]
    assert (full.description, full.primary, full.repeats) == ("Reply to mails.", "sentences", 4)


def test_samplings_go_by_their_names(full):
    assert full.samplings == {
        "greedy": Sampling(),
        "warm": Sampling(99, 0.7, 0.9, 40, 1.1, ("\n\n", "END"), 3),
    }


def test_row_20_a_name_that_other_readers_change_stays(tmp_path):
    project(tmp_path)
    assert suite_of(tmp_path, with_line("suite: mails", "suite: no")).name == "no"
    assert suite_of(tmp_path, with_line("suite: mails", "suite: 012")).name == "012"
    found = suite_of(tmp_path, with_line("  - rougeL", "  - sentences: {max: 3:25}"))
    assert found.metrics[0].settings == {"max": "3:25"}


# Sampling


def test_sampling_may_be_one_mapping_with_or_without_a_name(tmp_path):
    found = suite_of(tmp_path, SUITE + "sampling: {max_tokens: 9}\n")
    assert found.samplings == {"": Sampling(max_tokens=9)}
    found = suite_of(tmp_path, SUITE + "sampling: {name: short, max_tokens: 9}\n")
    assert found.samplings == {"short": Sampling(max_tokens=9)}
    found = suite_of(tmp_path, SUITE + "sampling:\n  - max_tokens: 9\n")
    assert found.samplings == {"": Sampling(max_tokens=9)}


@pytest.mark.parametrize(
    "second", ["{max_tokens: 9}", "{name: a}", "{name: a, temperature: 1}", "{}"]
)
def test_several_samplings_need_a_name_each(tmp_path, second):
    error = problem(tmp_path, SUITE + f"sampling:\n  - name: a\n  - {second}\n")
    assert "need a `name:` of their own" in error.what
    assert error.where == "suites/mails.yaml:12"


@pytest.mark.parametrize(
    ("sampling", "line", "key"),
    [
        ("sampling:\n  temprature: 1\n", 11, "temprature"),
        ("sampling:\n  max_tokens: 9\n  temprature: 1\n", 12, "temprature"),
        ("sampling:\n  - name: a\n    temprature: 1\n", 12, "temprature"),
        ("sampling:\n  - name: a\n  - name: b\n    temprature: 1\n", 13, "temprature"),
    ],
)
def test_an_unknown_key_of_a_sampling_is_told_with_its_own_line(tmp_path, sampling, line, key):
    error = problem(tmp_path, SUITE + sampling)
    assert error.what == f"unknown key '{key}'"
    assert error.where == f"suites/mails.yaml:{line}"
    assert error.hint.startswith("Did you mean 'temperature'? Allowed: ")


def test_a_wrong_value_in_one_sampling_is_named_without_a_number(tmp_path):
    error = problem(tmp_path, SUITE + "sampling:\n  top_k: many\n")
    assert error.what == "sampling.top_k: expected a whole number, found 'many'"
    assert error.where == "suites/mails.yaml:11"


# Errors of shape


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "meant"),
    [
        ("metrics:", "metrisc:", 8, "unknown key 'metrisc'", "metrics"),
        ("  test: data", "  tset: data", 3, "unknown key 'tset'", "test"),
        ("- ../prompts/plain.j2", "- fiel: ../prompts/plain.j2", 5, "unknown key 'fiel'", "file"),
        (
            "- ../prompts/plain.j2",
            "- file: ../prompts/plain.j2\n    examples:\n      coutn: 3",
            7,
            "unknown key 'coutn'",
            "count",
        ),
    ],
)
def test_an_unknown_key_is_told_with_file_line_and_the_nearest_one(
    tmp_path, old, new, line, what, meant
):
    error = problem(tmp_path, with_line(old, new))
    assert f"suites/mails.yaml:{line}: {what}" in str(error).replace(str(tmp_path) + "/", "")
    assert f"Did you mean '{meant}'? Allowed: " in str(error)


@pytest.mark.parametrize(
    ("old", "key", "line"),
    [
        ("suite: mails\n", "suite", 1),
        ("models:\n  - smollm2\n", "models", 1),
        ("prompts:\n  - ../prompts/plain.j2\n", "prompts", 1),
        ("metrics:\n  - rougeL\n", "metrics", 1),
    ],
)
def test_a_missing_key_is_told(tmp_path, old, key, line):
    error = problem(tmp_path, with_line(old, ""))
    assert error.what == f"key '{key}' is missing"
    assert error.where == f"suites/mails.yaml:{line}"


def test_a_missing_key_is_told_at_its_owner(tmp_path):
    error = problem(tmp_path, with_line("  test: data/test.jsonl", "  id: key"))
    assert error.what == "key 'data.test' is missing"
    assert error.where == "suites/mails.yaml:2"


def test_several_problems_are_told_at_once_in_the_order_of_their_lines(tmp_path):
    text = (
        "repeats: 0\n"
        + with_line("  - smollm2", "  - 12").replace("suite: mails", "suite: ../mails")
        + "primary: [a]\nsampling:\n  temperature: hot\n  max_tokens: 1.5\n  stpo: []\n"
    )
    error = problem(tmp_path, text)
    assert error.where == ""
    lines = [line for line in error.what.split("\n") if line.startswith("suites/mails.yaml:")]
    found = [(int(line.split(":")[1]), line.split(": ", 1)[1]) for line in lines]
    assert found == [
        (1, "repeats: expected at least 1, found 0"),
        (2, found[1][1]),
        (8, "models.model: expected text, found 12"),
        (11, "primary: expected text, found a list of 1"),
        (13, "sampling.temperature: expected a number, found 'hot'"),
        (14, "sampling.max_tokens: expected a whole number, found 1.5"),
        (15, "unknown key 'stpo'"),
    ]
    assert found[1][1].startswith("suite: expected a name")
    assert "Did you mean 'stop'?" in error.what


def test_a_wrong_reference_is_told_once(tmp_path):
    error = problem(tmp_path, with_line("test: data/test.jsonl", "test: t\n  references: 3"))
    assert "data.references: expected" in error.what
    assert "\n" not in error.what
    text = with_line("test: data/test.jsonl", "test: t\n  references:\n    - a\n    - 3")
    error = problem(tmp_path, text)
    assert error.what == "data.references: expected text, found 3"
    assert error.where == "suites/mails.yaml:6"


def test_references_may_be_one_field_or_several(tmp_path):
    project(tmp_path)
    one = suite_of(tmp_path, with_line("test.jsonl", "test.jsonl\n  references: gold"))
    assert one.split("test").fields.references == ("gold",)
    two = suite_of(tmp_path, with_line("test.jsonl", "test.jsonl\n  references: [a, b]"))
    assert two.split("test").fields.references == ("a", "b")


def test_an_error_is_bad_input(tmp_path):
    with pytest.raises(SuiteError) as caught:
        suite_of(tmp_path, "a: 1")
    assert caught.value.exit_code == EXIT_BAD_INPUT


# Prompts


def names(suite):
    return [prompt.name for prompt in suite.prompts]


def test_a_pattern_means_all_files_that_match_in_order(tmp_path):
    project(tmp_path, b="x", a="x")
    (tmp_path / "prompts/folder.j2").mkdir()
    (tmp_path / "prompts/notes.txt").write_text("")
    found = suite_of(tmp_path, with_line("plain.j2", "*.j2"))
    assert names(found) == ["a", "b", "plain"]
    assert [p.path.name for p in found.prompts] == ["a.j2", "b.j2", "plain.j2"]
    assert names(suite_of(tmp_path, with_line("plain.j2", "[ab].j2"))) == ["a", "b"]
    assert names(suite_of(tmp_path, with_line("plain.j2", "?.j2"))) == ["a", "b"]


def test_a_pattern_may_be_given_with_examples(tmp_path):
    project(tmp_path, a="x")
    text = with_line("- ../prompts/plain.j2", "- {file: ../prompts/*.j2, examples: {count: 2}}")
    found = suite_of(tmp_path, text)
    assert [p.examples.count for p in found.prompts] == [2, 2]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    project(tmp_path, **{"v[1]": "x", "v1": "y"})
    found = suite_of(tmp_path, with_line("- ../prompts/plain.j2", "- '../prompts/v[1].j2'"))
    assert names(found) == ["v[1]"]


@pytest.mark.parametrize("pattern", ["x*.j2", "*.txt", "**", "none/*.j2", "*/plain.j2"])
def test_a_pattern_without_a_match_is_told(tmp_path, pattern):
    error = problem(tmp_path, with_line("plain.j2", pattern))
    assert error.what == f"no prompt matches '../prompts/{pattern}'"
    assert error.where == "suites/mails.yaml:5"
    assert error.hint


def test_a_pattern_that_is_none_is_told(tmp_path):
    error = problem(tmp_path, with_line("plain.j2", "**.j2"))
    assert "pattern" in error.what
    assert error.where == "suites/mails.yaml:5"


def test_two_prompts_of_one_name_are_refused_at_the_second(tmp_path):
    (tmp_path / "prompts/other").mkdir(parents=True)
    (tmp_path / "prompts/other/plain.j2").write_text("x")
    double = "plain.j2\n  - ../prompts/other/plain.j2"
    error = problem(tmp_path, with_line("plain.j2", double))
    assert error.what == "two prompts are named 'plain'"
    assert error.where == "suites/mails.yaml:6"
    assert "name" in error.hint
    named = "plain.j2\n  - {file: ../prompts/other/plain.j2, name: other}"
    assert names(suite_of(tmp_path, with_line("plain.j2", named))) == ["plain", "other"]


def test_the_same_prompt_twice_needs_two_names(tmp_path):
    text = with_line("plain.j2", "plain.j2\n  - ../prompts/../prompts/plain.j2")
    assert problem(tmp_path, text).what == "two prompts are named 'plain'"
    text = with_line("plain.j2", "plain.j2\n  - {file: ../prompts/plain.j2, name: b}")
    assert names(suite_of(tmp_path, text)) == ["plain", "b"]


def test_a_missing_prompt_is_told_with_the_nearest_one(tmp_path):
    error = problem(tmp_path, with_line("plain.j2", "plian.j2"))
    assert error.what == "no such prompt '../prompts/plian.j2'"
    assert error.where == "suites/mails.yaml:5"
    assert "Looked for prompts/plian.j2" in error.hint
    assert "Did you mean 'plain.j2'?" in error.hint


def test_a_missing_folder_is_told(tmp_path):
    error = problem(tmp_path, with_line("../prompts/plain.j2", "../prompt/plain.j2"))
    assert "there is no folder" in error.hint


# Data


def test_a_missing_data_file_is_told_with_the_nearest_one(tmp_path):
    error = problem(tmp_path, with_line("test.jsonl", "tset.jsonl"))
    assert error.what == "data.test: no such file 'data/tset.jsonl'"
    assert error.where == "suites/mails.yaml:3"
    assert "Did you mean 'test.jsonl'?" in error.hint


def test_a_missing_split_is_told_at_its_own_line(tmp_path):
    error = problem(tmp_path, with_line("test.jsonl", "test.jsonl\n  train: gone.jsonl"))
    assert error.what == "data.train: no such file 'gone.jsonl'"
    assert error.where == "suites/mails.yaml:4"


def test_a_folder_is_no_data_file(tmp_path):
    error = problem(tmp_path, with_line("data/test.jsonl", "data"))
    assert error.where == "suites/mails.yaml:3"


def test_a_split_that_the_suite_lacks_is_told(tmp_path):
    suite = suite_of(tmp_path)
    with pytest.raises(SuiteError) as caught:
        suite.split("train")
    assert "train" in caught.value.what
    assert "train:" in caught.value.hint
    assert "test" in caught.value.hint


# Models and metrics


def test_a_model_given_twice_is_refused_at_the_second(tmp_path):
    error = problem(tmp_path, with_line("- smollm2", "- smollm2\n  - ./x\n  - smollm2"))
    assert error.what == "model 'smollm2' is there twice"
    assert error.where == "suites/mails.yaml:9"


@pytest.mark.parametrize(
    "metric", ["12", "[rougeL]", "{a: {}, b: {}}", "{}", "{words: 3}", "{words: [1]}", "true", "~"]
)
def test_a_metric_of_another_shape_is_refused_at_its_line(tmp_path, metric):
    error = problem(tmp_path, with_line("- rougeL", f"- rougeL\n  - {metric}"))
    assert "a metric is a name, or one name with its settings" in error.what
    assert error.where == "suites/mails.yaml:10"
    assert "rougeL" in error.hint


# The file itself


def test_broken_yaml_is_told_with_file_and_line(tmp_path):
    error = problem(tmp_path, SUITE + "a: b: c\n")
    assert error.where == "suites/mails.yaml:10"
    assert error.what.startswith("broken YAML")


def test_a_missing_suite_is_told_with_those_that_are_there(tmp_path):
    suite_of(tmp_path)
    with pytest.raises(SuiteError) as caught:
        read_suite(tmp_path / "suites/mail.yaml")
    assert caught.value.what == "no such file"
    assert "mails.yaml" in caught.value.hint


# Gates


def test_gates_are_words_or_mappings_each_with_its_line(tmp_path):
    project(tmp_path)
    text = SUITE + "gates:\n  - rougeL >= 0.25\n  - metric: rougeL\n    at_most: 1\n"
    first, second = suite_of(tmp_path, text).gates
    line = text.split("\n").index("  - rougeL >= 0.25") + 1
    assert (first.entry.rule, first.where.rpartition(":")[2]) == ("rougeL >= 0.25", str(line))
    assert (second.entry.metric, second.entry.at_most) == ("rougeL", 1)
    assert second.where.rpartition(":")[2] == str(line + 1)


@pytest.mark.parametrize(
    ("gate", "what"),
    [
        ("{metric: rougeL, at_lest: 1}", "unknown key 'at_lest'"),
        ("{at_least: high}", "gates.at_least: expected a number, found 'high'"),
        ("{not_worse_than: latest, by: -1}", "gates.by: expected at least 0, found -1"),
        ("7", "gates: expected a mapping (key: value lines), found 7"),
    ],
)
def test_a_wrong_gate_is_told_with_its_line(tmp_path, gate, what):
    error = problem(tmp_path, SUITE + f"gates:\n  - {gate}\n")
    assert error.what == what
    assert error.where == f"suites/mails.yaml:{SUITE.count(chr(10)) + 2}"

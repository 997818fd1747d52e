"""The registry: names, settings, aliases, other people's metrics, and the schema of all of it."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from promptbench.error import InputError, SuiteError
from promptbench.metric import registry
from promptbench.metric.protocol import MetricType
from promptbench.metric.registry import METRICS, build_metrics, settings_schema
from promptbench.metric.setting import MetricSettings
from promptbench.record import Case, Completion, MetricInfo, MetricSpec, Score

from .ask import LABELS, metric, output

REQUIRED = {
    "characters": {"max": 9},
    "cost": {"input": 1.0, "output": 2.0},
    "judge": {"model": "fake:judge", "rubric": "5 = good"},
    "json_schema": {"rules": {"type": "object"}},
    "refusal": {"expected": False},
    "regex": {"pattern": "a"},
    "sentences": {"max": 9},
    "words": {"max": 9},
}


class ShoutSettings(MetricSettings):
    """A metric of somebody else's."""

    loud: bool = True


@dataclass
class Shout:
    info: MetricInfo
    needs_references: bool = False

    def score(self, completion: Completion, case: Case) -> Score:
        return Score(self.info.name, float(completion.text.isupper()))


def build_shout(settings: ShoutSettings) -> Shout:
    return Shout(MetricInfo(settings.name, "is all capitals", "higher"))


SHOUT = MetricType(ShoutSettings, build_shout)
NO_METRIC = 3
# What needs the likelihoods of the labels, which a written text does not have.
CHOSEN_ONLY = ("brier", "calibration")
# What needs an input, JSON or log-probabilities, which "a b" and its case do not have.
WITHOUT_MORE = ("compression", "confidence", "coverage", "density", "invented_facts")
WITHOUT_MORE += ("json_fields", "kept_facts")
# What is about other values or a tone rule, which the case does not have.
WITHOUT_MORE += ("contradiction", "tone_kept")
# What a run must ask a model for.
WITHOUT_MORE += ("judge", "reference_logprob", "reference_perplexity")
# What is not 1 for a text that is its own reference.
ELSEWHERE = ("bleu", "chrf", "cost", "json_schema", "json_valid", "latency", "output_tokens")
ELSEWHERE += ("reading_ease", "tokens_per_second", "tone")


@pytest.fixture
def install(monkeypatch):
    """Pretend that packages are installed that offer these metrics: name -> object."""

    def pretend(*offers: tuple[str, str]) -> None:
        points = EntryPoints(EntryPoint(name, value, registry.GROUP) for name, value in offers)
        monkeypatch.setattr(registry, "entry_points", lambda **wanted: points.select(**wanted))

    return pretend


def refusal(kind: str, **settings: object) -> SuiteError:
    with pytest.raises(SuiteError) as raised:
        metric(kind, **settings)
    assert raised.value.where == "suite.yaml:7"
    return raised.value


@pytest.mark.parametrize("kind", METRICS)
def test_every_metric_describes_itself_and_scores(kind):
    built = metric(kind, **REQUIRED.get(kind, {}))
    assert built.info.name == kind
    assert built.info.label
    assert built.info.description
    assert built.info.settings["metric"] == kind
    scored = built.score(output("a b"), Case("one", {}, ("a b",)))
    if kind in CHOSEN_ONLY + WITHOUT_MORE:
        assert scored.value is None and scored.reason
    elif kind not in ELSEWHERE:
        assert (scored.metric, scored.reason) == (kind, "")
        assert scored.value == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("kind", METRICS)
def test_every_metric_takes_an_alias(kind):
    built = metric(kind, name="my metric", **REQUIRED.get(kind, {}))
    assert built.info.name == "my metric"
    assert built.info.settings["metric"] == kind
    assert built.score(output("a b"), Case("one", {}, ("a b",))).metric == "my metric"


def test_metrics_come_in_the_order_asked_for():
    built = build_metrics([MetricSpec("exact"), MetricSpec("contains")])
    assert [one.info.name for one in built] == ["exact", "contains"]
    assert build_metrics([]) == ()


def test_two_metrics_of_one_name_are_refused():
    first = MetricSpec("words", {"max": 5}, "suite.yaml:3")
    second = MetricSpec("words", {"min": 2}, "suite.yaml:5")
    with pytest.raises(SuiteError) as raised:
        build_metrics([first, second])
    assert str(raised.value) == (
        "suite.yaml:5: two metrics are named 'words'\n  Add `name:` to one of them."
    )
    named = MetricSpec("words", {"min": 2, "name": "long enough"})
    assert [one.info.name for one in build_metrics([first, named])] == ["words", "long enough"]


def test_an_alias_may_not_be_the_name_of_another_metric_in_the_suite():
    with pytest.raises(SuiteError, match="two metrics are named 'exact'"):
        build_metrics([MetricSpec("contains", {"name": "exact"}), MetricSpec("exact")])


def test_an_unknown_name_is_refused():
    error = refusal("rougel")
    assert error.what == "unknown metric 'rougel'"
    assert error.hint.startswith(
        "Did you mean 'rougeL'? Allowed: accuracy, balanced_accuracy, bertscore,"
    )


@pytest.mark.parametrize(
    ("kind", "settings", "what", "hint"),
    [
        (
            "rougeL",
            {"stemer": True},
            "metric 'rougeL' has no setting 'stemer'",
            "Did you mean 'stemmer'? Allowed: name, references, stemmer.",
        ),
        (
            "rougeL",
            {"stemmer": "yes"},
            "metric 'rougeL', setting 'stemmer': found 'yes'",
            "Allowed: true or false.",
        ),
        (
            "rougeL",
            {"references": "bets"},
            "metric 'rougeL', setting 'references': found 'bets'",
            "Did you mean 'best'? Allowed: best, mean.",
        ),
        (
            "regex",
            {"patern": "a"},
            "metric 'regex' has no setting 'patern'",
            "Did you mean 'pattern'? Allowed: full, name, pattern, timeout.",
        ),
        (
            "regex",
            {"pattern": "a", "timeout": 60},
            "metric 'regex', setting 'timeout': found 60",
            "Allowed: less than or equal to 10.",
        ),
        (
            "contains",
            {"any": "refund"},
            "metric 'contains', setting 'any': found 'refund'",
            "Allowed: a list, such as [first, second].",
        ),
        (
            "contains",
            {"any": ["a", 42]},
            "metric 'contains', setting 'any[1]': found 42",
            "Allowed: text.",
        ),
        (
            "contains",
            {"any": [""]},
            "metric 'contains', setting 'any[0]': found ''",
            "Allowed: text that is not empty.",
        ),
        (
            "contains",
            {"none": []},
            "metric 'contains', setting 'none': found []",
            "Allowed: a list that is not empty.",
        ),
        (
            "exact",
            {"name": "a\x1b[2J"},
            "metric 'exact', setting 'name': found 'a\\x1b[2J'",
            "The name in reports: letters, digits, _ . - and single spaces.",
        ),
    ],
)
def test_a_wrong_setting_is_refused_in_plain_words(kind, settings, what, hint):
    error = refusal(kind, **settings)
    assert (error.what, error.hint) == (what, hint)


def test_a_missing_setting_is_explained():
    error = refusal("regex")
    assert error.what == "metric 'regex' needs the setting 'pattern'"
    assert error.hint.startswith("pattern: A pattern of the Python package regex")


def test_a_huge_value_does_not_flood_the_message():
    assert len(refusal("regex", pattern="(" * 100_000).what) < 100


def test_a_metric_of_another_package_is_found(install):
    install(("shout", f"{__name__}:SHOUT"))
    built = metric("shout", name="loud")
    assert built.score(output("HI"), Case("one", {})) == Score("loud", 1.0)
    assert refusal("shout", loud="yes").hint == "Allowed: true or false."
    assert "shout" in refusal("shuot").hint
    assert "shout" in settings_schema()["items"]["anyOf"][0]["enum"]


def test_a_built_in_metric_cannot_be_taken_over(install):
    install(("exact", f"{__name__}:SHOUT"))
    assert metric("exact").info.label.startswith("exact match")


def test_two_packages_that_offer_one_name_are_refused(install):
    install(("shout", f"{__name__}:SHOUT"), ("shout", "elsewhere:SHOUT"))
    with pytest.raises(InputError, match="several packages offer a metric 'shout'"):
        metric("shout")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_module:SHOUT", "cannot be loaded: No module named 'no_such_module'"),
        (f"{__name__}:MISSING", "cannot be loaded"),
        (f"{__name__}:NO_METRIC", "is no MetricType but a int"),
    ],
)
def test_a_broken_package_is_named(install, value, message):
    install(("shout", value))
    with pytest.raises(InputError, match=f"the metric 'shout' of another package.*{message}"):
        metric("shout")


def test_the_schema_allows_bare_names_only_where_nothing_is_needed():
    bare = settings_schema()["items"]["anyOf"][0]["enum"]
    assert bare == sorted(set(METRICS) - set(REQUIRED))
    for name in METRICS:
        assert (name in bare) == (name not in REQUIRED)


def test_the_schema_holds_one_metric_an_item_with_its_settings():
    items = settings_schema()["items"]["anyOf"][1]
    assert (items["minProperties"], items["maxProperties"]) == (1, 1)
    assert items["additionalProperties"] is False
    assert set(items["properties"]) == set(METRICS)
    rouge, null = items["properties"]["rougeL"]["anyOf"]
    assert null == {"type": "null"}
    assert set(rouge["properties"]) == {"name", "stemmer", "references"}
    assert rouge["additionalProperties"] is False
    assert items["properties"]["regex"]["required"] == ["pattern"]


@pytest.mark.parametrize("kind", METRICS)
def test_the_schema_describes_every_setting_and_stands_alone(kind):
    schema = METRICS[kind].settings.model_json_schema()
    assert "$defs" not in schema
    assert all(one["description"] for one in schema["properties"].values())


@pytest.mark.parametrize("kind", [name for name, kind in METRICS.items() if kind.labelled])
def test_a_metric_of_labels_is_refused_where_there_are_none(kind):
    with pytest.raises(SuiteError) as raised:
        build_metrics([MetricSpec(kind, {}, "suite.yaml:7")])
    assert str(raised.value) == (
        f"suite.yaml:7: metric {kind!r} judges labels, and the suite has none\n"
        "  Add `task: classify` and `labels:`."
    )


def test_a_metric_of_another_package_may_be_of_labels(install, monkeypatch):
    built = MetricType(ShoutSettings, lambda settings, labels: (settings.name, labels), True)
    monkeypatch.setattr("tests.metric.test_registry.SHOUT", built)
    install(("shout", f"{__name__}:SHOUT"))
    with pytest.raises(SuiteError, match="judges labels"):
        build_metrics([MetricSpec("shout")])
    assert registry._build(MetricSpec("shout"), LABELS) == ("shout", LABELS)

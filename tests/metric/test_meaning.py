"""Likeness of meaning: by hand with an embedder that counts letters, and many at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptbench.error import SuiteError
from promptbench.metric.protocol import BatchMetric
from promptbench.metric.registry import build_metrics
from promptbench.record import MetricSpec

from .ask import EMBEDDER, case, metric, output, score, unscored

KINDS = ["semantic", "bertscore"]


@pytest.mark.parametrize(
    ("text", "reference", "value"),
    [("ab", "ab", 1.0), ("a", "b", 0.0), ("a", "ab", 0.5**0.5), ("xyz", "ab", 0.0)],
)
def test_semantic_is_the_cosine(text, reference, value):
    assert score(metric("semantic"), text, reference) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(("measure", "value"), [("precision", 0.5), ("recall", 1.0), ("f1", 2 / 3)])
def test_bertscore_matches_each_token_with_its_best(measure, value):
    """Of `a b` only `a` has its like in `a a a`, where every token has."""
    asked = metric("bertscore", measure=measure)
    assert score(asked, "a b", "a a a") == pytest.approx(value, abs=1e-6)


def test_bertscore_weighs_partial_likeness():
    """Precision and recall are both the mean of 1 and the cosine of b and bc."""
    found = score(metric("bertscore"), "a b", "bc a")
    assert found == pytest.approx((1 + 0.5**0.5) / 2, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_references_and_empty_texts(kind):
    asked = metric(kind)
    assert score(asked, "a b", "c", "", "a b") == pytest.approx(1.0, abs=1e-6)
    assert unscored(asked, "a") == unscored(asked, "a", " ") == "the case has no reference"
    empty = asked.score(output(" \n"), case("a"))
    assert (empty.value, empty.reason) == (0.0, "the output is empty")
    assert asked.needs_references and asked.info.low == -1.0


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text("abc \ud800"), st.lists(st.text("abc "), max_size=3))))
def test_many_at_once_score_as_one_at_a_time(kind, rows):
    asked = metric(kind)
    assert isinstance(asked, BatchMetric)
    pairs = [(output(text), case(*references)) for text, references in rows]
    assert asked.score_all(pairs) == [asked.score(*pair) for pair in pairs]
    assert all(s.value is None or -1 <= s.value <= 1 for s in asked.score_all(pairs))


@pytest.mark.parametrize("kind", KINDS)
def test_equal_texts_are_read_once(kind):
    EMBEDDER.asked.clear()
    metric(kind).score_all([(output("a"), case("b", "a")), (output("b"), case("a"))])
    assert EMBEDDER.asked == [("a", "b")]


@pytest.mark.parametrize("kind", KINDS)
def test_an_embedder_is_opened_only_to_score(kind):
    opened = []
    built = build_metrics([MetricSpec(kind)], None, lambda: opened.append(1) or EMBEDDER)[0]
    assert isinstance(built, BatchMetric)
    assert built.score_all([]) == [] and not opened
    assert unscored(built, "a") and not opened
    assert score(built, "a", "b") == 0.0 and opened
    with pytest.raises(SuiteError, match=f"metric '{kind}' needs an embedder"):
        metrics = [MetricSpec(kind)]
        build_metrics(metrics)

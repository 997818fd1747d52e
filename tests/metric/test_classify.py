import math

import pytest

from promptbench.metric.answer import judge, labels_in, probabilities
from promptbench.metric.pool import POOLS
from promptbench.metric.registry import METRICS, build_metrics
from promptbench.record import Case, Completion, Labels, MetricSpec, Score

from .ask import case, output

LABELS = Labels(("good", "bad", "odd"), (("good", "fine"), ("bad",), ("odd",)))
KINDS = [name for name, kind in METRICS.items() if kind.labelled]
NAMED = ["accuracy", "balanced_accuracy", "macro_f1", "matthews"]


def metric(kind: str):
    return build_metrics([MetricSpec(kind)], LABELS)[0]


def chosen(*shares: float) -> Completion:
    found = tuple(math.log(share) - 7 for share in shares)
    label = LABELS.names[shares.index(max(shares))]
    return Completion("key", label, 3, 0, "choice", 0.1, choices=found)


@pytest.mark.parametrize("kind", NAMED)
def test_a_right_answer_is_1_and_a_wrong_one_0(kind):
    parts = (lambda named: (0.0, named, 3.0)) if kind != "accuracy" else (lambda named: ())
    assert metric(kind).score(output("Fine!"), case("good")) == Score(kind, 1.0, "", parts(0.0))
    assert metric(kind).score(output("bad"), case("good")) == Score(kind, 0.0, "", parts(1.0))


@pytest.mark.parametrize("kind", NAMED)
def test_no_label_is_wrong_with_a_word_and_never_unscored(kind):
    found = metric(kind).score(output("no idea"), case("good"))
    assert (found.value, found.reason) == (0.0, "names no label")
    assert found.parts == (() if kind == "accuracy" else (0.0, -1.0, 3.0))


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_known_reference_a_case_is_unscored(kind):
    assert metric(kind).score(chosen(0.5, 0.3, 0.2), case()) == Score(
        kind, None, "the case has no reference"
    )
    assert metric(kind).score(chosen(0.5, 0.3, 0.2), case("Good")) == Score(
        kind, None, "the reference 'Good' is not among the labels"
    )


def test_of_several_references_the_named_one_counts():
    assert judge(output("bad"), case("good", "bad"), LABELS).reference == 1
    assert judge(output("odd"), case("good", "bad"), LABELS).reference == 0
    assert metric("accuracy").score(output("bad"), case("good", "bad")).value == 1.0


@pytest.mark.parametrize("kind", ["calibration", "brier"])
def test_a_written_answer_has_no_likelihoods(kind):
    found = metric(kind).score(output("good"), case("good"))
    assert found.value is None
    assert found.reason.startswith("the answer was written, not chosen")


@pytest.mark.parametrize("kind", ["calibration", "brier"])
@pytest.mark.parametrize("choices", [(0.0, 1.0), (math.nan, 0.0, 0.0), (-math.inf,) * 3])
def test_broken_likelihoods_are_unscored(kind, choices):
    broken = Completion("key", "good", 3, 0, "choice", 0.1, choices=choices)
    found = metric(kind).score(broken, case("good"))
    assert (found.value, found.parts) == (None, ())
    assert "likelihoods" in found.reason


def test_calibration_shows_how_far_off_a_case_is():
    right = metric("calibration").score(chosen(0.7, 0.2, 0.1), case("good"))
    assert right.value == pytest.approx(0.3)
    assert right.parts == pytest.approx((0.7, 1.0))
    wrong = metric("calibration").score(chosen(0.7, 0.2, 0.1), case("bad"))
    assert wrong.value == pytest.approx(0.7)
    assert wrong.parts == pytest.approx((0.7, 0.0))


def test_brier_is_the_squared_distance_over_all_labels():
    # scikit-learn 1.9.1: brier_score_loss(labels=..., scale_by_half=False), case by case.
    brier = metric("brier")
    assert brier.score(chosen(0.7, 0.2, 0.1), case("good")).value == pytest.approx(0.14)
    assert brier.score(chosen(0.7, 0.2, 0.1), case("odd")).value == pytest.approx(1.34)
    assert (brier.info.low, brier.info.high, brier.info.direction) == (0.0, 2.0, "lower")


def test_probabilities_do_not_overflow():
    assert probabilities((1000.0, 1000.0)) == (0.5, 0.5)
    assert probabilities((-4000.0, -math.inf)) == (1.0, 0.0)
    assert probabilities(()) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_metric_tells_labels_parser_and_pool(kind):
    info = metric(kind).info
    assert info.settings["labels"] == 3
    assert info.settings["parser"] == "first"
    assert "over 3 labels" in info.label
    assert labels_in(info.settings) == LABELS
    assert info.pool == ("" if kind in ("accuracy", "brier") else kind)
    assert not info.pool or info.pool in POOLS


def test_settings_without_labels_tell_of_none():
    assert labels_in({"metric": "words", "max": 8}) is None


def test_a_chosen_answer_is_judged_by_its_label():
    assert metric("accuracy").score(chosen(0.1, 0.8, 0.1), Case("one", {}, ("bad",))).value == 1.0

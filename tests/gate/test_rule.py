from __future__ import annotations

from typing import Any

import pytest

from promptbench.error import SuiteError
from promptbench.gate.rule import ALL, BEST, Gate, read_gates, said
from tests.gate.figures import METRICS, NAMES, gate, spec


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("rougeL >= 0.25", Gate("", 7, "rougeL", "at_least", 0.25)),
        ("rougeL>=0.25", Gate("", 7, "rougeL", "at_least", 0.25)),
        ("rougeL  >=  2.5e-1", Gate("", 7, "rougeL", "at_least", 0.25)),
        ("invented_facts <= 0.1", Gate("", 7, "invented_facts", "at_most", 0.1)),
        ("mean rougeL >= 0.25", Gate("", 7, "rougeL", "at_least", 0.25, on_mean=True)),
        ("mean rank >= 3", Gate("", 7, "mean rank", "at_least", 3)),
        ("mean mean rank >= 3", Gate("", 7, "mean rank", "at_least", 3, on_mean=True)),
        (
            "rougeL >= 0.25 for executive",
            Gate("", 7, "rougeL", "at_least", 0.25, candidate="executive"),
        ),
        (
            "rougeL >= 0.25 for plain · smollm2",
            Gate("", 7, "rougeL", "at_least", 0.25, candidate="plain · smollm2"),
        ),
        ("rougeL >= 0.25 for all", Gate("", 7, "rougeL", "at_least", 0.25, candidate=ALL)),
        (
            "not worse than latest by more than 0.02",
            Gate("", 7, "rougeL", "not_worse", 0.02, baseline="latest"),
        ),
        (
            "invented_facts not worse than email-1a2b3c4d by more than 2 for all",
            Gate(
                "",
                7,
                "invented_facts",
                "not_worse",
                2,
                candidate=ALL,
                baseline="email-1a2b3c4d",
            ),
        ),
        ("not worse than latest", Gate("", 7, "rougeL", "not_worse", 0, baseline="latest")),
    ],
)
def test_words_are_a_gate(words: str, wanted: Gate):
    found = gate(words)
    assert found.text == " ".join(words.split())
    assert Gate("", *[getattr(found, name) for name in Gate.__slots__[1:]]) == wanted


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"metric": "rougeL", "at_least": 0.25}, "rougeL >= 0.25"),
        ({"metric": "rougeL", "at_least": 0.25, "on": "interval"}, "rougeL >= 0.25"),
        ({"metric": "invented_facts", "at_most": 0.1}, "invented_facts <= 0.1"),
        ({"metric": "rougeL", "at_least": 0.25, "on": "mean"}, "mean rougeL >= 0.25"),
        (
            {"metric": "rougeL", "at_least": 0.25, "candidate": "executive"},
            "rougeL >= 0.25 for executive",
        ),
        ({"metric": "rougeL", "at_least": 0.25, "candidate": "best"}, "rougeL >= 0.25"),
        (
            {"not_worse_than": "latest", "by": 0.02, "candidate": "all"},
            "not worse than latest by more than 0.02 for all",
        ),
        (
            {"metric": "invented_facts", "not_worse_than": "email-1", "by": 1},
            "invented_facts not worse than email-1 by more than 1",
        ),
    ],
)
def test_a_mapping_is_the_same_gate_as_its_words(parts: dict[str, Any], words: str):
    assert gate(**parts) == gate(words)
    assert said(spec(**parts).entry) == words


def test_without_a_metric_it_is_the_primary_one():
    found = gate(at_least=0.25)
    assert (found.metric, found.candidate) == ("rougeL", BEST)


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        ("rougeL", "'rougeL' is no gate", "rougeL >= 0.25"),
        ("rougeL > 0.25", "is no gate", "rougeL >= 0.25"),
        ("rougeL = 0.25", "is no gate", "Write"),
        ("rougeL >=", "is no gate", "Write"),
        ("worse than latest", "is no gate", "not worse than latest"),
        ("rougeL >= high", "'high' is no number", "Write"),
        ("rougeL >= 25%", "'25%' is no number", "Write"),
        ("rougeL >= nan", "'nan' is no number", "Write"),
        ("rougeL >= 1_0", "'1_0' is no number", "Write"),
        ("rogueL >= 0.25", "the suite has no metric 'rogueL'", "Did you mean 'rougeL'?"),
        ("rougeL >= 25", "25 is beyond what rougeL can be", "Allowed: 0 to 1."),
        ("rougeL <= -1", "-1 is beyond what rougeL can be", "Allowed: 0 to 1."),
        ("invented_facts <= -1", "-1 is beyond", "Allowed: from 0 on."),
        ("not worse than latest by more than 2", "2 is beyond", "Allowed: 0 to 1."),
        ("not worse than latest by more than -1", "-1 is beyond", "Allowed: 0 to 1."),
        ("style not worse than latest", "which direction is better", "at_least"),
        ("rougeL >= 0.25 for exectuive", "no candidate 'exectuive'", "Did you mean 'executive'?"),
    ],
)
def test_what_is_no_gate_is_an_error_with_file_and_line(words: str, what: str, hint: str):
    with pytest.raises(SuiteError) as caught:
        gate(words)
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert caught.value.where == "suites/email.yaml:7"


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"metric": "rougeL"}, "one of at_least, at_most and not_worse_than"),
        ({"at_least": 0.1, "at_most": 0.2}, "one of at_least, at_most and not_worse_than"),
        ({"at_least": 0.1, "by": 0.2}, "`by` goes with not_worse_than"),
        ({"not_worse_than": "latest", "on": "mean"}, "takes no `on`"),
        ({"rule": "rougeL >= 0.25", "candidate": "all"}, "both words and candidate"),
    ],
)
def test_a_mapping_that_contradicts_itself_is_an_error(parts: dict[str, Any], what: str):
    with pytest.raises(SuiteError, match=what):
        gate(**parts)


def test_the_same_gate_twice_is_an_error_at_the_second():
    specs = [spec("rougeL >= 0.25"), spec("rougeL >= 0.25 ", line=8)]
    with pytest.raises(SuiteError, match="is there twice") as caught:
        read_gates(specs, METRICS, "rougeL", NAMES)
    assert caught.value.where == "suites/email.yaml:8"


def test_a_candidate_that_is_left_out_of_this_run_may_be_named():
    (found,) = read_gates([spec("rougeL >= 0.25 for other")], METRICS, "rougeL", None)
    assert found.candidate == "other"

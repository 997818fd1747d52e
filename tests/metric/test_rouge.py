"""ROUGE against figures that others published, and what it does where the formula is silent."""

import subprocess
import sys

import pytest

from .ask import metric, score, unscored

KINDS = ["rouge1", "rouge2", "rougeL", "rougeLsum"]

# Random words that google-research/rouge tests with (Apache-2.0): the files target_multi.0.txt and
# prediction_multi.0.txt of its testdata/pyrouge_files. Their first two lines are also the first
# two of its target.txt and prediction.txt.
TARGETS = [
    "ZfbCUIUuePaiLVUlCaUXxkpu XPeWing tUHfPMuZ',-Xd Y BrUgVJing M-HV.-DgdDaY.rFDJCRing Ht-LM"
    " EKBDXkME,yz'RBr q'wtion wIojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxer tKM L",
    "KsJdPByEtAor fE-Qg Dpdbring cw-WeFyu vC MoBL Xdn g wkvcEiGvKtion BDFhrpMtion psing sbKao Q m"
    " qiing LMmer HqqLFXe,XPY,J XsurkMer ,ed nB'wH'bWVHjWFEing tQ.saefZwJtKrTlixYpMMsJing"
    " UCAPwNHeYVjDing c T BUySKtion gMPfJpwGw p'NvxAoping eu pBwMBKV'I DNxqelhu,PHPxDEq,mtion SN",
    "NhETebUbBk'er WOvoHMTjSRizKgH'vHiing Xu,hWxfs VkNE QhgKiLHE -HidivzoM.dO anhtion"
    " jbLQiSGDTCsuhREebUaKM dv J dVN tmbOT",
    "vMR HDm,xOAetion D,tion HJtodT.mHl UIv-p VjWH'BdyWjnfGU-OjT aEMdFICyLWfQMtion wEMfdOKing"
    " AwkeKbO 'DxqNOHBH qKtVvm OYJl mM",
]
PREDICTIONS = [
    "rFDJCRtion Ht-LM EKtDXkME,yz'RBr q'wer wrojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxi",
    "n cw-WeFyu vC MoBL Xdn g wkvcEiGvKtion BDFhrpMer pstion sbKao Q m qier LMmed HqqLFXe,XPY,J"
    " XsurkMeo ,ed nB'wH'bWVHjWFEer tQ.saefZwJtKrTlixYpMMNJtion UCAPwNHeYVjD",
    "xfs VkJE QhgKiLHE -HidivzoM.dO anhing jbLQiSGDTCsuhREebUaKM dv J",
    "VjWH'BdyWjnfGU-OjTNaEMdFICyLWfQMing wEMfdOKijg AwkeKbO 'DxqNO",
]


@pytest.mark.parametrize(
    ("kind", "stemmer", "line", "published"),
    [
        ("rouge1", False, 0, 0.51163),
        ("rouge1", False, 1, 0.50000),
        ("rouge1", True, 0, 0.51163),
        ("rouge1", True, 1, 0.52941),
        ("rouge2", False, 0, 0.39024),
        ("rouge2", False, 1, 0.36364),
        ("rouge2", True, 0, 0.39024),
        ("rouge2", True, 1, 0.36364),
        ("rougeL", False, 0, 0.51163),
        ("rougeL", False, 1, 0.50000),
    ],
)
def test_f1_is_that_of_perl_rouge_155(kind, stemmer, line, published):
    """Figures of the original script, published in google-research's rouge_scorer_test.py."""
    asked = metric(kind, stemmer=stemmer)
    assert score(asked, PREDICTIONS[line], TARGETS[line]) == pytest.approx(published, abs=5e-6)


def test_rougelsum_by_line_is_that_of_perl_rouge_155():
    """The figure of the original script, stemmed, published in rouge_scorer_test.py."""
    asked = metric("rougeLsum", stemmer=True, split="lines")
    found = score(asked, "\n".join(PREDICTIONS), "\n".join(TARGETS))
    assert found == pytest.approx(0.47205, abs=5e-6)


@pytest.mark.parametrize(
    ("kind", "text", "published"),
    [
        ("rouge1", "testing", 1 / 2),
        ("rouge1", "testing one", 4 / 5),
        ("rouge2", "testing one", 2 / 3),
        ("rougeL", "testing one", 4 / 5),
        ("rougeL", "testing two", 4 / 5),
    ],
)
def test_short_published_examples(kind, text, published):
    """From rouge_scorer_test.py: precision 1 and recall 1/3, 1/2 or 2/3."""
    assert score(metric(kind), text, "testing one two") == pytest.approx(published)


def test_union_of_subsequences_as_in_the_paper():
    """Lin 2004, section 3.2: recall 4/5 from two sentences; precision 4/10, so F1 is 8/15."""
    text = "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5"
    assert score(metric("rougeLsum"), text, "w1 w2 w3 w4 w5") == pytest.approx(8 / 15)


def test_rougel_and_rougelsum_are_different_metrics():
    text, reference = "The dog ran. The cat sat.", "The cat sat. The dog ran."
    assert score(metric("rougeLsum"), text, reference) == 1.0
    assert score(metric("rougeL"), text, reference) < 0.7


@pytest.mark.parametrize("text", ["The dog ran. Dr. Smith sat.", "The dog ran.\nDr. Smith sat.\n"])
@pytest.mark.parametrize("lead", ["", "\n"])
def test_rougelsum_does_not_depend_on_how_sentences_were_laid_out(text, lead):
    reference = lead + "Dr. Smith sat. The dog ran."
    assert score(metric("rougeLsum"), text, reference) == 1.0


def test_rougelsum_by_line_takes_lines_as_they_are():
    asked = metric("rougeLsum", split="lines")
    assert score(asked, "The dog ran.\nThe cat sat.", "The cat sat.\nThe dog ran.") == 1.0
    assert score(asked, "The dog ran. The cat sat.", "The cat sat. The dog ran.") < 0.7


def test_stemmer_joins_forms_of_a_word_and_is_off_by_default():
    assert score(metric("rouge1"), "jumping dogs", "jumped dog") == 0.0
    assert score(metric("rouge1", stemmer=True), "jumping dogs", "jumped dog") == 1.0


def test_case_and_punctuation_do_not_count():
    assert score(metric("rougeL"), "  the CAT, sat!", "The cat sat.") == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_best_or_mean_of_references(kind):
    references = ("one two three", "four five six")
    assert score(metric(kind), "one two three", *references) == 1.0
    assert score(metric(kind, references="mean"), "one two three", *references) == 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["", " \n", "/", "日本語"])
def test_an_output_without_words_scores_zero(kind, text):
    assert score(metric(kind), text, "one two three") == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_without_references_there_is_no_score(kind):
    assert unscored(metric(kind), "one two") == "the case has no reference"


@pytest.mark.parametrize("kind", KINDS)
def test_references_that_rouge_cannot_read_are_not_a_zero(kind):
    assert "that ROUGE can read (a-z, 0-9)" in unscored(metric(kind), "日本語", "日本語", "")


def test_one_word_has_no_pairs_to_match():
    assert unscored(metric("rouge2"), "yes", "yes").startswith("no reference has 2 words")
    assert score(metric("rouge1"), "yes", "yes") == 1.0


def test_unreadable_references_do_not_lower_the_mean():
    assert score(metric("rouge1", references="mean"), "one", "one", "日本語") == 1.0


def test_a_lone_surrogate_is_no_crash():
    assert score(metric("rougeLsum"), "one \ud800. Two.", "one. two.") == 1.0


def test_labels_name_the_variant():
    assert metric("rougeL").info.label == "rougeL F1, best of references"
    info = metric("rougeLsum", stemmer=True, split="lines", references="mean").info
    assert info.label == "rougeLsum F1, stemmed, by line, mean over references"
    assert info.settings == {
        "metric": "rougeLsum",
        "stemmer": True,
        "references": "mean",
        "split": "lines",
        "language": "en",
    }
    assert (info.direction, info.low, info.high, info.binary) == ("higher", 0.0, 1.0, False)
    assert "Lin 2004" in info.description


def test_rouge_score_is_imported_only_when_it_is_asked_for():
    code = (
        "import sys; from promptbench.metric.registry import *\n"
        "build_metrics([MetricSpec('exact')]); settings_schema()\n"
        "assert not {'nltk', 'rouge_score', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

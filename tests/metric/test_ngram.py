"""BLEU and chrF: equal to sacrebleu one by one and over a corpus, and known published figures."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from promptbench.metric.pool import pool_named

from .ask import case, metric, output, score, unscored

CORPUS = [
    ("The dog bit the man.", ["The dog bit the man.", "The dog had bit the man."]),
    ("It wasn't surprising.", ["It was not unexpected.", "No one was surprised."]),
    ("The man had just bitten him.", ["The man bit him first."]),
    ("", ["Nothing was said."]),
    ("und so weiter und so fort und so weiter", ["und so weiter und so fort"]),
]
TEXTS = st.text("abcd ,.é", max_size=30)
PAIRS = st.lists(
    st.tuples(TEXTS, st.lists(TEXTS.filter(str.strip), min_size=1, max_size=3)),
    min_size=1,
    max_size=6,
)


def columns(pairs):
    """References as sacrebleu takes them: a list for each place, None where a case has fewer."""
    most = max(len(references) for _, references in pairs)
    return [
        [references[place] if place < len(references) else None for _, references in pairs]
        for place in range(most)
    ]


def pooled(asked, pairs, weights=None):
    parts = [asked.score(output(text), case(*references)).parts for text, references in pairs]
    weights = np.ones(len(pairs)) if weights is None else np.array(weights, np.float64)
    return pool_named(asked.info.pool)(np.array(parts), weights)


@pytest.mark.parametrize("chosen", ["13a", "intl", "char", "zh", "none"])
@pytest.mark.parametrize("lowercase", [False, True])
def test_corpus_bleu_is_that_of_sacrebleu(chosen, lowercase):
    theirs = BLEU(tokenize=chosen, lowercase=lowercase)
    expected = theirs.corpus_score([text for text, _ in CORPUS], columns(CORPUS)).score
    asked = metric("bleu", tokenizer=chosen, lowercase=lowercase)
    assert pooled(asked, CORPUS) == pytest.approx(expected, abs=1e-9)
    assert asked.info.settings["signature"] == str(theirs.get_signature())


@pytest.mark.parametrize("words", [0, 2])
@pytest.mark.parametrize("lowercase", [False, True])
def test_corpus_chrf_is_that_of_sacrebleu(words, lowercase):
    theirs = CHRF(word_order=words, lowercase=lowercase)
    expected = theirs.corpus_score([text for text, _ in CORPUS], columns(CORPUS)).score
    asked = metric("chrf", words=words, lowercase=lowercase)
    assert pooled(asked, CORPUS) == pytest.approx(expected, abs=1e-9)
    assert asked.info.settings["signature"] == str(theirs.get_signature())


@settings(max_examples=150, deadline=None)
@given(PAIRS)
def test_any_corpus_scores_as_sacrebleu_has_it(pairs):
    hypotheses = [text for text, _ in pairs]
    for asked, theirs in ((metric("bleu"), BLEU(force=True)), (metric("chrf"), CHRF())):
        expected = theirs.corpus_score(hypotheses, columns(pairs)).score
        assert pooled(asked, pairs) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("text, references", CORPUS)
def test_a_case_shows_its_sentence_score(text, references):
    bleu = BLEU(effective_order=True).sentence_score(text, references).score
    assert score(metric("bleu"), text, *references) == pytest.approx(bleu, abs=1e-9)
    chrf = CHRF().sentence_score(text, references).score
    assert score(metric("chrf"), text, *references) == pytest.approx(chrf, abs=1e-9)


@pytest.mark.parametrize("kind", ["bleu", "chrf"])
def test_identity_is_100_and_another_language_far_below(kind):
    german, english = "Niemand hat die Absicht", "No one intends to build a wall"
    assert score(metric(kind), german, german) == pytest.approx(100)
    assert score(metric(kind), german, english) < 25


def test_a_known_figure_by_hand():
    """One word of four is wrong: precisions 3/4, 2/3, 1/2 and, smoothed, 1/2: the root of 1/8."""
    found = score(metric("bleu"), "a b c x", "a b c d")
    assert found == pytest.approx(100 * (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25)


@pytest.mark.parametrize("kind", ["bleu", "chrf"])
def test_weights_count_cases_so_many_times(kind):
    asked, weights = metric(kind), [2, 0, 1, 3, 1]
    repeated = [pair for pair, weight in zip(CORPUS, weights, strict=True) for _ in range(weight)]
    assert pooled(asked, CORPUS, weights) == pytest.approx(pooled(asked, repeated), abs=1e-9)
    assert np.isnan(pooled(asked, CORPUS, [0] * 5))


@pytest.mark.parametrize("kind", ["bleu", "chrf"])
def test_what_is_empty(kind):
    asked = metric(kind)
    assert score(asked, "", "a reference") == 0.0
    assert unscored(asked, "text") == "the case has no reference"
    assert unscored(asked, "text", "", " \n") == "the case has no reference"
    assert score(asked, "a b c d", "", "a b c d") == pytest.approx(100)


@pytest.mark.parametrize("kind", ["bleu", "chrf"])
@settings(max_examples=100, deadline=None)
@given(st.text(), st.text(min_size=1).filter(str.strip))
def test_no_text_is_a_crash_or_out_of_range(kind, text, reference):
    assert 0 <= score(metric(kind), text + "\ud800", reference + "\ud800") <= 100 + 1e-9


def test_labels_name_the_variant():
    assert metric("bleu").info.label == "BLEU"
    assert metric("chrf", words=2, lowercase=True).info.label == "chrF++, case ignored"
    info = metric("bleu").info
    assert (info.direction, info.low, info.high, info.pool) == ("higher", 0.0, 100.0, "bleu")
    assert "tok:13a" in info.description


def test_the_emails_score_as_sacrebleu_has_them():
    folder = Path(__file__).parents[2] / "suites"
    files = sorted(folder.glob("**/*.jsonl"))
    rows = [json.loads(line) for line in files[0].read_text("utf-8").splitlines()[:40]]
    texts = [json.dumps(row) for row in rows]
    pairs = [(one, [other]) for one, other in zip(texts, texts[1:] + texts[:1], strict=True)]
    expected = BLEU().corpus_score([text for text, _ in pairs], columns(pairs)).score
    assert pooled(metric("bleu"), pairs) == pytest.approx(expected, abs=1e-9)

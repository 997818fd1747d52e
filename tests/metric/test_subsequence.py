"""Our ROUGE beside rouge-score's own: the same value for any text, and far sooner."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import DefaultTokenizer

from promptbench.metric.rouge import words_of
from promptbench.metric.subsequence import length, places

from .ask import metric, score

KINDS = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
WORDS = st.lists(st.sampled_from("abcd"), max_size=12)
TEXTS = st.lists(
    st.sampled_from(["the", "cat", "cats", "sat", "running", "ran", ".", "\n", "É", "x1"]),
    max_size=30,
).map(" ".join)


def theirs(kind, stemmer, reference, text):
    scorer = RougeScorer([kind], tokenizer=DefaultTokenizer(use_stemmer=stemmer))
    return scorer.score(reference, text)[kind].fmeasure


def ours(kind, stemmer, reference, text):
    lines = {"split": "lines"} if kind == "rougeLsum" else {}
    return score(metric(kind, stemmer=stemmer, **lines), text, reference)


def by_table(first, second):
    """The length by the rule of the textbook."""
    row = [0] * (len(second) + 1)
    for one in first:
        before, row = row, [0]
        for place, other in enumerate(second):
            row.append(before[place] + 1 if one == other else max(before[place + 1], row[-1]))
    return row[-1]


@given(WORDS, WORDS)
def test_the_length_is_that_of_the_table(first, second):
    assert length(first, second) == by_table(first, second) == length(second, first)
    assert len(places(first, second)) == length(first, second)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stemmer", [False, True])
@settings(max_examples=60, deadline=None)
@given(TEXTS.filter(lambda text: len(words_of(text, False)) > 1), TEXTS)
def test_any_texts_score_as_rouge_score_has_it(kind, stemmer, reference, text):
    expected = theirs(kind, stemmer, reference, text)
    assert ours(kind, stemmer, reference, text) == pytest.approx(expected, abs=1e-12)


@given(st.text())
@pytest.mark.parametrize("stemmer", [False, True])
def test_words_are_those_of_rouge_score(stemmer, text):
    assert list(words_of(text, stemmer)) == DefaultTokenizer(stemmer).tokenize(text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stemmer", [False, True])
def test_texts_of_the_suites_score_as_rouge_score_has_them(kind, stemmer):
    files = sorted((Path(__file__).parents[2] / "suites").glob("**/*.jsonl"))
    texts = [line for file in files for line in file.read_text("utf-8").splitlines()]
    texts = [" ".join(map(str, json.loads(line).values())) for line in texts]
    chosen = random.Random(3).sample(texts, 16)
    for reference, text in zip(chosen[:8], chosen[8:], strict=True):
        reference, text = reference[:600], text[:600]
        expected = theirs(kind, stemmer, reference, text)
        assert ours(kind, stemmer, reference, text) == pytest.approx(expected, abs=1e-12)

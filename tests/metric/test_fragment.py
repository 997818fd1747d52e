"""Coverage, density and compression: by hand, and beside a slow search for each fragment."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptbench.metric.fragment import fragments, words_in

from .ask import case, metric, output

WORDS = st.lists(st.sampled_from("abc"), max_size=14)
KINDS = ["coverage", "density", "compression"]


def value(kind, text, of=None, **variables):
    asked = metric(kind, **({} if of is None else {"of": of}))
    found = asked.score(output(text), case(**variables))
    return found.reason if found.value is None else found.value


def slow(words, source):
    """The longest fragment from each place, by trying all."""
    lengths, place = [], 0
    inside = [tuple(source[i:j]) for i in range(len(source)) for j in range(i, len(source) + 1)]
    while place < len(words):
        fits = (
            n for n in range(len(words) - place, 0, -1) if tuple(words[place : place + n]) in inside
        )
        best = next(fits, 0)
        lengths += [best] if best else []
        place += best or 1
    return lengths


def test_figures_by_hand():
    """Fragments `the cat sat` and `on a`: 5 of 6 words, (9 + 4) / 6, and 8 words for 6."""
    source = "Then the cat sat down on a mat"
    assert fragments(words_in("The cat sat on a chair"), source) == [3, 2]
    assert value("coverage", "The cat sat on a chair", body=source) == pytest.approx(5 / 6)
    assert value("density", "The cat sat on a chair", body=source) == pytest.approx(13 / 6)
    assert value("compression", "The cat sat on a chair", body=source) == pytest.approx(8 / 6)


@given(WORDS, WORDS)
def test_fragments_are_the_longest(words, source):
    assert fragments(words, " ".join(source)) == slow(words, source)


def test_a_copy_is_covered_whole():
    assert value("coverage", "One, two. One!", body="One, two. One!") == 1.0
    assert value("density", "One, two. One!", body="One, two. One!") == 6.0


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_no_words_is_unscored(kind):
    assert value(kind, " \n", body="one") == "the output has no words"
    assert value(kind, "one") == "the case has no text in its variables"
    assert value(kind, "one", of="bdy", body="one") == "the case has no variable 'bdy'"
    assert value(kind, "one", of="body", body="one", other="two " * 9) == 1.0
    assert metric(kind).info.direction == "none"


@pytest.mark.parametrize("kind", KINDS)
@given(st.text(min_size=1), st.text(min_size=1))
def test_no_text_is_a_crash(kind, text, source):
    found = value(kind, f"a {text}\ud800", body=f"b {source}\ud800")
    assert found >= 0 and (kind != "coverage" or found <= 1)


def test_a_long_text_of_one_word_takes_no_time():
    started = time.perf_counter()
    assert value("density", "a " * 20_000, body="a " * 20_000) == 20_000
    assert time.perf_counter() - started < 5

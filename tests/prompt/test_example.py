"""Few-shot examples: seeded, answered, and never the content that is judged (row 16)."""

import pytest

from promptbench.prompt.example import as_example, content_digest, draw_examples
from promptbench.record import Case

TRAIN = [Case(str(n), {"text": f"text {n}"}, (f"answer {n}",)) for n in range(30)]


def texts(examples):
    return [example["text"] for example in examples]


def test_the_same_seed_draws_the_same_examples_in_the_same_order():
    first = draw_examples(TRAIN, set(), count=5, seed=1)
    assert draw_examples(iter(TRAIN), (), count=5, seed=1) == first
    assert len({e["text"] for e in first}) == 5


def test_another_seed_draws_other_examples():
    drawn = {tuple(texts(draw_examples(TRAIN, set(), count=5, seed=s))) for s in range(10)}
    assert len(drawn) == 10


def test_what_is_drawn_is_pinned():
    assert texts(draw_examples(TRAIN, set(), count=3, seed=0)) == ["text 27", "text 12", "text 24"]


def test_the_order_of_the_judged_cases_does_not_matter():
    judged = [content_digest(case) for case in TRAIN[:10]]
    first = draw_examples(TRAIN, judged, count=5, seed=1)
    assert draw_examples(TRAIN, judged[::-1], count=5, seed=1) == first
    assert draw_examples(TRAIN, set(judged), count=5, seed=1) == first


def test_a_train_case_without_an_answer_is_not_drawn():
    train = [Case("1", {"text": "a"}), Case("2", {"text": "b"}, ("B",)), Case("3", {"text": "c"})]
    assert texts(draw_examples(train, set(), count=3, seed=0)) == ["b"]


def test_fewer_come_back_where_there_are_not_enough():
    assert len(draw_examples(TRAIN, set(), count=64, seed=0)) == 30
    assert draw_examples([], set(), count=3, seed=0) == []


@pytest.mark.parametrize(
    "same",
    [
        {"text": "How  do I\nreset it?"},
        {"text": "HOW DO I RESET IT?"},
        {"text": " how do i\treset it? \r\n"},
        {"text": "how\u00a0do I reset it?"},
    ],
)
def test_the_content_that_is_judged_is_never_an_example(same):
    judged = Case("test-1", {"text": "How do I reset it?"}, ("Press the button.",))
    train = [Case("train-9", same, ("Press it.",)), Case("b", {"text": "other"}, ("x",))]
    found = draw_examples(train, {content_digest(judged)}, count=2, seed=0)
    assert texts(found) == ["other"]


def test_every_seed_leaves_the_judged_content_out():
    judged = {content_digest(Case(f"t{c.id}", c.variables)) for c in TRAIN[:25]}
    for seed in range(20):
        drawn = draw_examples(TRAIN, judged, count=5, seed=seed)
        assert set(texts(drawn)) == {f"text {n}" for n in range(25, 30)}


def test_the_digest_knows_the_variables_and_nothing_else():
    one = Case("1", {"a": "x", "b": "y"}, ("r",), "c")
    assert content_digest(one) == content_digest(Case("2", {"b": "y", "a": "x"}, ("s",), "d"))
    assert content_digest(one) != content_digest(Case("1", {"a": "y", "b": "x"}))
    assert content_digest(one) != content_digest(Case("1", {"a": "x y"}))


def test_the_digest_overlooks_case_and_space_inside_lists_and_mappings():
    one = Case("1", {"turns": [{"by": "Ann", "says": "Good\nmorning"}], "n": 1})
    two = Case("2", {"turns": [{"by": "ann", "says": "good morning "}], "n": 1})
    three = Case("3", {"turns": [{"by": "ann", "says": "good evening"}], "n": 1})
    assert content_digest(one) == content_digest(two)
    assert content_digest(one) != content_digest(three)


def test_only_cases_within_the_length_are_drawn():
    train = [
        Case("1", {"text": "x" * 10, "title": "y" * 5}, ("a",)),
        Case("2", {"text": "x" * 11, "title": "y" * 5}, ("a",)),
        Case("3", {"turns": ["x" * 10, {"by": "y" * 10}], "n": 10**20}, ("a",)),
    ]
    found = draw_examples(train, set(), count=3, seed=0, max_characters=15)
    assert found == [as_example(train[0])]
    assert len(draw_examples(train, set(), count=3, seed=0, max_characters=20)) == 3
    assert len(draw_examples(train, set(), count=3, seed=0)) == 3


def test_the_answer_does_not_count_as_length():
    train = [Case("1", {"text": "x"}, ("a" * 1000,))]
    assert len(draw_examples(train, set(), count=1, seed=0, max_characters=1)) == 1


def test_an_example_shows_the_first_answer_and_all_of_them():
    assert as_example(Case("1", {"text": "x"}, ("a", "b"))) == {
        "text": "x",
        "reference": "a",
        "references": ["a", "b"],
    }

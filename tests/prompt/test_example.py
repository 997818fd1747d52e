"""Few-shot examples: seeded, answered, short enough."""

from promptbench.prompt.example import as_example, draw_examples
from promptbench.record import Case

TRAIN = [Case(str(n), {"text": f"text {n}"}, (f"answer {n}",)) for n in range(30)]


def texts(examples):
    return [example["text"] for example in examples]


def test_the_same_seed_draws_the_same_examples_in_the_same_order():
    first = draw_examples(TRAIN, count=5, seed=1)
    assert draw_examples(iter(TRAIN), count=5, seed=1) == first
    assert len({e["text"] for e in first}) == 5


def test_another_seed_draws_other_examples():
    drawn = {tuple(texts(draw_examples(TRAIN, count=5, seed=s))) for s in range(10)}
    assert len(drawn) == 10


def test_what_is_drawn_is_pinned():
    assert texts(draw_examples(TRAIN, count=3, seed=0)) == ["text 27", "text 12", "text 24"]


def test_a_train_case_without_an_answer_is_not_drawn():
    train = [Case("1", {"text": "a"}), Case("2", {"text": "b"}, ("B",)), Case("3", {"text": "c"})]
    assert texts(draw_examples(train, count=3, seed=0)) == ["b"]


def test_fewer_come_back_where_there_are_not_enough():
    assert len(draw_examples(TRAIN, count=64, seed=0)) == 30
    assert draw_examples([], count=3, seed=0) == []


def test_only_cases_within_the_length_are_drawn():
    train = [
        Case("1", {"text": "x" * 10, "title": "y" * 5}, ("a",)),
        Case("2", {"text": "x" * 11, "title": "y" * 5}, ("a",)),
        Case("3", {"turns": ["x" * 10, {"by": "y" * 10}], "n": 10**20}, ("a",)),
    ]
    found = draw_examples(train, count=3, seed=0, max_characters=15)
    assert found == [as_example(train[0])]
    assert len(draw_examples(train, count=3, seed=0, max_characters=20)) == 3
    assert len(draw_examples(train, count=3, seed=0)) == 3


def test_the_answer_does_not_count_as_length():
    train = [Case("1", {"text": "x"}, ("a" * 1000,))]
    assert len(draw_examples(train, count=1, seed=0, max_characters=1)) == 1


def test_an_example_shows_the_first_answer_and_all_of_them():
    assert as_example(Case("1", {"text": "x"}, ("a", "b"))) == {
        "text": "x",
        "reference": "a",
        "references": ["a", "b"],
    }

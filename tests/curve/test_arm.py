import pytest

from promptbench.curve.arm import epochs_for, other_prompt, prompt_arms, sizes_of, tune_arms
from promptbench.curve.option import CurveOptions
from promptbench.tune.recipe import Wish, recipe_for

DECODER = recipe_for(Wish(), "decoder-only", 135_000_000)
HEAD = recipe_for(Wish(), "encoder-only", 22_000_000)


@pytest.mark.parametrize(
    ("labels", "sizes"),
    [(156, [8, 16, 32, 64, 156]), (100, [8, 16, 32, 64, 100]), (8, [8]), (5, [5]), (16, [8, 16])],
)
def test_sizes_double_up_to_all_labels(labels: int, sizes: list[int]):
    assert sizes_of(CurveOptions(), labels) == sizes


def test_a_quick_curve_has_fewer_sizes():
    assert sizes_of(CurveOptions(quick=True), 156) == [8, 32, 156]


def test_sizes_asked_for_are_taken_and_never_more_than_there_are():
    assert sizes_of(CurveOptions(sizes=(50, 10, 500)), 156) == [10, 50, 156]


def test_every_arm_with_chance_in_it_has_every_seed_and_names_are_unique():
    options = CurveOptions(seeds=3)
    arms = prompt_arms(["plain", "boss"], ["shown"], options, 4)
    arms += tune_arms("plain", options, 40, DECODER)
    names = [arm.name for arm in arms]
    assert len(set(names)) == len(names)
    assert names[:2] == ["plain", "boss"]
    assert [n for n in names if n.startswith("shown 4")] == [f"shown 4-shot s{i}" for i in range(3)]
    assert "shown 8-shot s0" not in names, "four labels show no eight examples"
    assert [arm.labels for arm in arms if arm.kind == "tune"] == [8] * 3 + [16] * 3 + [40] * 3


def test_few_cases_are_gone_over_more_often():
    sizes = (4, 8, 16, 32, 156)
    assert [epochs_for(n, DECODER) for n in sizes] == [8, 8, 6, 3, 3]
    assert [epochs_for(n, DECODER, quick=True) for n in sizes] == [8, 8, 4, 2, 1]
    assert {epochs_for(n, HEAD, quick=True) for n in sizes} == {10}, "a head needs its epochs"
    assert tune_arms("p", CurveOptions(wish=Wish(epochs=2), seeds=1), 8, DECODER)[0].epochs == 2


def test_the_largest_trainings_are_repeated_on_another_prompt():
    trainings = tune_arms("plain", CurveOptions(seeds=2), 16, DECODER)
    extra = other_prompt(trainings, "boss")
    assert [(arm.name, arm.labels, arm.prompt) for arm in extra] == [
        ("tuned n16 boss s0", 16, "boss"),
        ("tuned n16 boss s1", 16, "boss"),
    ]
    assert other_prompt(trainings, "plain") == []

"""The section that tells learning from copying: medians, copies, the closest pair."""

from __future__ import annotations

from promptbench.record import Nearness
from promptbench.report.copying import copying
from promptbench.report.grid import lay_out
from promptbench.report.material import Material
from promptbench.report.page import build_page
from tests.report.records import cases, completion, run, sample
from tests.report.test_page import ALIVE, PAYLOADS, Elements, text_of

SAMPLES = [
    sample(name, place, 0.5, done=completion(f"Output {place} of {name}."))
    for name in ("a", "b")
    for place in range(3)
]


def near(name: str, case: int, value: float, own: float | None = 0.25) -> Nearness:
    return Nearness(name, f"mail-{case}", 0, value, own, f"train-{case}", f"Target {case}.")


FOUND = [
    near("a", 0, 0.1),
    near("a", 1, 0.2, 0.15),
    near("a", 2, 0.3, None),
    near("b", 0, 0.8),
    near("b", 1, 1.0, 0.15),
    near("b", 2, 0.79, None),
]


def test_a_view_has_medians_copies_and_the_closest_pair():
    grid = lay_out(run("a", "b"), cases(3), SAMPLES)
    second, first = copying(FOUND, grid, ["b", "a"])
    assert (first.candidate, first.outputs, first.similarity, first.copied) == ("a", 3, 0.2, 0)
    assert first.own == second.own == 0.2
    assert (second.similarity, second.copied) == (0.8, 2)
    assert round(second.share, 1) == 66.7
    closest = second.closest
    assert (closest.number, closest.case_id, closest.similarity) == (2, "mail-1", 1.0)
    assert (closest.output, closest.train, closest.target) == (
        "Output 1 of b.",
        "train-1",
        "Target 1.",
    )


def test_repeats_do_not_count_a_case_s_references_twice():
    rows = [
        Nearness("a", "mail-0", 0, 0.5, 0.9, "t", "x"),
        Nearness("a", "mail-0", 1, 0.5, 0.9, "t", "x"),
        Nearness("a", "mail-1", 0, 0.5, 0.1, "t", "x"),
    ]
    (found,) = copying(rows, lay_out(run("a", repeats=2), cases(2), []), ["a"])
    assert found.own == 0.5


def test_who_has_nothing_measured_is_left_out():
    grid = lay_out(run("a", "b"), cases(3), SAMPLES)
    assert [each.candidate for each in copying(FOUND[:3], grid, ["a", "b"])] == ["a"]
    assert copying([], grid, ["a", "b"]) == ()


def test_the_page_shows_the_figures_and_the_pair():
    page = build_page(Material(run("a", "b"), cases(3), SAMPLES, nearness=FOUND))
    section = text_of(page).split("Similarity to the nearest training answer")[1]
    assert "b" in section and "0.80 0.20 2 of 3 67% Output 1 of b. case mail-1" in section
    assert "1.00 similar Target 1. train case train-1" in section
    assert 'href="#copying"' in page
    assert 'href="#copying"' not in build_page(Material(run("a", "b"), cases(3), SAMPLES))


def test_a_long_text_gets_a_box_that_the_keyboard_reaches():
    long = Nearness("a", "mail-0", 0, 0.5, None, "t", "word " * 100)
    page = build_page(Material(run("a", "b"), cases(3), SAMPLES, nearness=[long]))
    boxes = [attributes for _, attributes in Elements(page).found if "copy" in str(attributes)]
    focused = [each for each in boxes if each.get("tabindex") == "0"]
    assert [each["aria-label"] for each in focused if "clip" in str(each.get("class"))] == [
        "Training answer nearest to a"
    ]


def test_nothing_in_a_target_becomes_markup():
    hostile = [Nearness("a", "mail-0", 0, 0.5, None, each, each) for each in PAYLOADS]
    harmless = [Nearness("a", "mail-0", 0, 0.5, None, "t", "x")]
    for each in hostile:
        page = build_page(Material(run("a", "b"), cases(3), SAMPLES, nearness=[each]))
        bare = build_page(Material(run("a", "b"), cases(3), SAMPLES, nearness=harmless))
        assert Elements(page).tags(*ALIVE) == Elements(bare).tags(*ALIVE)
        page.encode("utf-8", "strict")

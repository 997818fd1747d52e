"""What blocks are worth: figures and words that claim no more than they show."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from promptbench.report.ablation import Ablation, Worth, ablation, meaning
from promptbench.report.grid import lay_out
from promptbench.report.material import Material
from promptbench.report.page import build_page
from promptbench.report.summary import summarise
from tests.report.ablated import Records, ablated
from tests.report.records import run
from tests.report.test_page import text_of


def scores(mean: float, spread: float, seed: int, number: int = 40) -> list[float]:
    draw = random.Random(seed)
    return [min(1.0, max(0.0, mean + draw.uniform(-spread, spread))) for _ in range(number)]


WHOLE = scores(0.6, 0.05, 1)
TABLE = {
    "": WHOLE,
    "intro": [value - 0.2 + 0.01 * (place % 3) for place, value in enumerate(WHOLE)],
    "rules": [value + 0.1 + 0.01 * (place % 3) for place, value in enumerate(WHOLE)],
    "cue": scores(0.6, 0.05, 2),
}


def found(records: Records) -> Ablation:
    made, cases, samples = records
    figures = ablation(made, lay_out(made, cases, samples))
    assert figures is not None
    return figures


def by_block(figures: Ablation) -> dict[str, Worth]:
    return {worth.block: worth for worth in figures.worths}


def test_a_block_helps_where_the_prompt_is_better_with_it():
    figures = found(ablated(TABLE))
    read = {worth.block: meaning(worth, figures.scale) for worth in figures.worths}
    assert read["intro"] == "Worth keeping."
    assert read["rules"] == "Does harm."
    assert read["cue"].startswith("No effect seen; a difference under 0.0")
    assert list(read) == ["intro", "cue", "rules"], "what helps the most comes first"


def test_of_a_metric_that_is_better_when_lower_the_same_holds_the_other_way_round():
    figures = found(ablated(TABLE, direction="lower"))
    read = {worth.block: meaning(worth, figures.scale) for worth in figures.worths}
    assert (read["intro"], read["rules"]) == ("Does harm.", "Worth keeping.")


def test_the_verdict_is_the_pages_and_names_each_block_once():
    made, cases, samples = ablated(TABLE)
    verdict = summarise(made, cases, samples).verdict
    assert verdict.startswith("p by its blocks, on rougeL: intro is worth keeping, 0.190 worse")
    assert "; rules does harm, 0.110 better without it (95% interval 0.1" in verdict
    assert "; no effect is seen of cue: one under 0.0" in verdict
    assert verdict.endswith(" would likely go unseen with 40 cases.")


def test_p_values_are_adjusted_over_the_blocks():
    alone = found(ablated({"": WHOLE, "cue": TABLE["cue"]}))
    many = found(ablated(TABLE | {"more": scores(0.6, 0.05, 3)}))
    first, second = (by_block(each)["cue"].comparison for each in (alone, many))
    assert first is not None and second is not None
    assert second.p_holm > first.p_holm


def test_tokens_are_the_prompts_less_those_without_the_block():
    figures = found(ablated(TABLE, tokens={"": 120, "intro": 90, "rules": 125}))
    worths = by_block(figures)
    assert (worths["intro"].tokens, worths["rules"].tokens) == (30, -5)


@pytest.mark.parametrize("wins", [2, 3])
def test_a_handful_of_cases_claims_nothing(wins: int):
    figures = found(ablated({"": [0.9] * wins, "intro": [0.1] * wins}))
    assert "Worth keeping" not in meaning(figures.worths[0], figures.scale)
    assert "worth keeping" not in figures.verdict


def test_what_cannot_be_left_out_is_said_and_not_compared():
    told = {
        "same": {"same": True, "empty": True},
        "gone": {"refused": "case 1: the template renders to no user message"},
        "intro": {"inside": ["a", "b"], "blind": True, "bare": True},
    }
    worths = by_block(found(ablated({"": WHOLE, "intro": TABLE["intro"]}, told=told)))
    assert worths["same"].comparison is None
    assert worths["same"].tokens == 0
    assert "nothing was run" in worths["same"].remarks[0]
    assert worths["gone"].remarks == (
        "It cannot be left out: case 1: the template renders to no user message.",
    )
    assert "a and b went with it." in worths["intro"].remarks
    assert any("all cases get one prompt" in text for text in worths["intro"].remarks)
    assert any("one of its own" in text for text in worths["intro"].remarks)


def test_a_run_that_left_nothing_out_or_ranks_nothing_has_no_figures():
    made, cases, samples = ablated(TABLE, direction="none")
    assert ablation(made, lay_out(made, cases, samples)) is None
    plain = run("a", "b")
    assert ablation(plain, lay_out(plain, [], [])) is None


def test_the_page_draws_every_block_that_was_compared():
    told = {"same": {"same": True}}
    page = build_page(Material(*ablated(TABLE, told=told)))
    text = text_of(page)
    assert "What each block of p is worth" in text
    assert "two that say the same can each seem worth nothing" in text
    section = page.split('id="ablation"')[1].split("</section>")[0]
    assert section.count('class="forest') == 3
    assert "These are the test cases" in section


def test_an_interrupted_ablation_claims_no_more_than_a_look():
    made, cases, samples = ablated(TABLE)
    half = [each for each in samples if int(each.case_id.split("-")[1]) < 5]
    early = replace(made, status="interrupted")
    figures = ablation(early, lay_out(early, cases, half))
    assert figures is not None
    assert "worth keeping" not in figures.verdict

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from promptbench.record import Run
from promptbench.report.advice import advise, answer, round_up
from promptbench.report.grid import Grid, lay_out, primary_metric
from promptbench.report.learning import Learning, duel, learning
from promptbench.report.material import Material
from promptbench.report.number import scale_of
from promptbench.report.page import build_page
from promptbench.report.summary import summarise
from tests.report.labelled import drawn
from tests.report.records import candidate, cases, run, samples

CASES = 60
HARD = np.random.default_rng(7).normal(0, 0.15, CASES)


def values(mean: float, seed: int, spread: float = 0.05) -> list[float]:
    """Scores of an arm: some cases are harder than others for every arm."""
    noise = np.random.default_rng(seed).normal(0, spread, CASES)
    return [float(x) for x in np.clip(mean + HARD + noise, 0, 1)]


def arm(group: str, kind: str, labels: int, seed: int = 0, dev: float | None = None) -> dict:
    said: dict[str, Any] = {
        "candidate": f"{group} s{seed}",
        "group": group,
        "kind": kind,
        "labels": labels,
        "prompt": "boss" if "boss" in group else "plain",
        "seed": seed,
        "dev": dev,
    }
    if kind == "tune":
        said |= {"seconds": 100.0 + seed, "tokens": 5000, "probe_loss": [2.0, 2.3]}
    return said


def made(
    tuned: Sequence[tuple[int, float]],
    prompt: float = 0.4,
    *,
    direction: str = "higher",
    extra: float | None = None,
    noise: float = 0.05,
) -> tuple[Run, Grid, Learning]:
    arms = [arm("plain", "prompt", 0, dev=0.30), arm("3-shot", "prompt", 3, dev=0.45)]
    table = {"plain s0": values(0.3, 1, noise), "3-shot s0": values(prompt, 2, noise)}
    for labels, mean in tuned:
        for seed in (0, 1, 2):
            arms.append(arm(f"tuned n{labels}", "tune", labels, seed))
            table[f"tuned n{labels} s{seed}"] = values(mean, 10 * labels + seed, noise)
    if extra is not None:
        most = tuned[-1][0]
        for seed in (0, 1, 2):
            arms.append(arm(f"tuned n{most} boss", "tune", most, seed))
            table[f"tuned n{most} boss s{seed}"] = values(extra, 900 + seed, noise)
    made_run = run(*table, direction=direction)
    made_run = replace(
        made_run, manifest={**made_run.manifest, "curve": {"arms": arms, "seeds": 3}}
    )
    grid = lay_out(made_run, cases(CASES), samples(table))
    found = learning(made_run, grid)
    assert found is not None
    return made_run, grid, found


def told(made_run: Run, grid: Grid, found: Learning):
    metric = primary_metric(made_run)
    advice = advise(found, grid, metric, scale_of(metric, []))
    assert advice is not None
    return advice


def test_a_fine_tune_that_wins_is_recommended_with_its_figures():
    advice = told(*made([(8, 0.3), (32, 0.45), (128, 0.6)]))
    assert advice.answer == "fine-tune"
    assert "with 128 labels the fine-tune is 0.19" in advice.sentence
    assert "3-shot, the best prompt on dev" in advice.sentence


def test_a_prompt_that_wins_is_kept():
    advice = told(*made([(8, 0.2), (32, 0.25)]))
    assert advice.answer == "keep the prompt"
    assert "behind 3-shot" in advice.sentence
    assert "does not overtake with up to 32 labels" in " ".join(advice.more)


def test_what_chance_can_explain_is_not_decided_and_says_how_many_cases_are_needed():
    advice = told(*made([(8, 0.4), (32, 0.41)], noise=0.3))
    assert advice.answer == "cannot tell yet"
    assert "more test cases are needed" in advice.sentence or "so small" in advice.sentence


def test_a_better_prompt_for_the_fine_tune_is_told():
    advice = told(*made([(8, 0.3), (64, 0.55)], extra=0.7))
    assert advice.answer == "fine-tune and prompt"
    assert "prompt boss" in advice.sentence
    assert told(*made([(8, 0.3), (64, 0.55)], extra=0.5)).answer == "fine-tune"


def test_a_fine_tune_is_held_against_the_prompt_that_dev_chose_and_its_labels_allow():
    *_, found = made([(2, 0.5), (8, 0.5)])
    assert [lead.prompt.name for lead in found.leads] == ["plain", "3-shot"]


def test_the_crossover_lies_between_the_sizes_around_it_with_its_interval():
    *_, found = made([(8, 0.25), (16, 0.33), (32, 0.47), (64, 0.6)])
    crossing = found.crossover
    assert crossing.at is not None
    assert 16 < crossing.at < 32
    assert crossing.low is not None
    assert crossing.high is not None
    assert 8 <= crossing.low <= crossing.at <= crossing.high <= 64


def test_a_lead_that_is_lost_again_is_no_crossover():
    *_, found = made([(8, 0.6), (16, 0.3), (32, 0.25)])
    assert found.crossover.at is None


def test_lower_is_better_turns_everything_around():
    made_run, grid, found = made([(8, 0.6), (64, 0.2)], direction="lower")
    # dev has 3-shot at 0.45 and plain at 0.30: now plain is the better prompt.
    assert found.leads[-1].prompt.name == "plain"
    assert told(made_run, grid, found).answer == "fine-tune"


def test_break_even_is_the_training_over_what_an_answer_saves():
    made_run, grid, found = made([(8, 0.5)])
    assert found.break_even is None, "answers that cost the same save nothing"
    assert "save no time" in " ".join(told(made_run, grid, found).more)


def test_false_recommendations_stay_below_five_per_cent():
    """A/A: the fine-tunes are as good as the prompt; three sizes, three seeds, 200 curves."""
    wrong = 0
    for trial in range(200):
        random = np.random.default_rng(1000 + trial)
        names = ["plain s0", *(f"tuned n{n} s{s}" for n in (8, 16, 32) for s in range(3))]
        hard = random.normal(0, 0.2, 30)
        effects = {name: 0.0 if name == "plain s0" else random.normal(0, 0.03) for name in names}
        table = {
            name: [float(x) for x in 0.5 + hard + effects[name] + random.normal(0, 0.1, 30)]
            for name in names
        }
        arms = [arm("plain", "prompt", 0, dev=0.5)]
        arms += [arm(f"tuned n{n}", "tune", n, s) for n in (8, 16, 32) for s in range(3)]
        made_run = replace(run(*names), manifest={"curve": {"arms": arms, "seeds": 3}})
        grid = lay_out(made_run, cases(30), samples(table))
        found = learning(made_run, grid)
        wrong += any(lead.shown for lead in found.leads)
    assert wrong <= 16  # 95% of binomials with 5% stay below


def test_the_page_shows_the_curve_and_its_head_says_the_answer():
    made_run, grid, found = made([(8, 0.3), (32, 0.6)])
    rows = [sample for cell in grid.cells.values() for sample in cell]
    page = build_page(Material(made_run, list(grid.cases), rows))
    assert told(made_run, grid, found).sentence.split(":")[0] in page
    assert 'id="learning"' in page
    assert page.count('<rect class="full" x="-4.5"') == 2
    assert build_page(Material(made_run, list(grid.cases), rows)) == page


def test_a_run_without_a_curve_or_fine_tunes_has_no_such_answer():
    plain = run("a", "b")
    grid = lay_out(plain, cases(3), samples({"a": [0.1] * 3, "b": [0.2] * 3}))
    assert learning(plain, grid) is None
    assert duel(plain, grid) is None
    assert answer(plain, grid) == ""


def test_a_run_with_a_fine_tuned_model_answers_too():
    table = {"tuned": values(0.6, 1), "plain": values(0.4, 2), "boss": values(0.3, 3)}
    candidates = (
        candidate("tuned", model="./checkpoints/x"),
        candidate("plain"),
        candidate("boss"),
    )
    facts = {"./checkpoints/x": {"fine-tuned on": "40 cases of email"}, "smollm2": {}}
    made_run = replace(run(), candidates=candidates, manifest={"models": facts})
    grid = lay_out(made_run, cases(CASES), samples(table))
    assert answer(made_run, grid).startswith("Fine-tune: tuned (0.")
    assert "after Bonferroni" in answer(made_run, grid)


def test_of_a_pooled_metric_no_other_figure_is_told_under_its_name():
    """The mean of what single cases show of macro-F1 is the accuracy."""
    made_run, given, rows = drawn(3, 80, primary="macro_f1")
    tuned, plain = made_run.candidates
    facts = {"./checkpoints/x": {"fine-tuned on": "40 cases of email"}, "smollm2": {}}
    made_run = replace(
        made_run,
        candidates=(replace(tuned, model="./checkpoints/x"), plain),
        manifest={"models": facts},
    )
    summary = summarise(made_run, given, rows)
    figures = {each.candidate.name: each.figures for each in summary.standings}
    for name in ("chosen", "written"):
        f1, accuracy = (figures[name][each].estimate.mean for each in ("macro_f1", "accuracy"))
        assert round(f1, 3) != round(accuracy, 3)
        assert f"{accuracy:.3f}" not in summary.verdict
    best = figures["chosen"]["macro_f1"].estimate.mean
    assert summary.verdict.startswith(f"chosen has the highest macro-F1 over 3 labels ({best:.3f}")


@pytest.mark.parametrize(("number", "rounded"), [(7, 7), (101, 110), (1234, 1300), (9, 9)])
def test_numbers_of_cases_are_rounded_up(number: int, rounded: int):
    assert round_up(number) == rounded

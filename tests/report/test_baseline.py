import math
from dataclasses import replace

import pytest

from promptbench.report.baseline import MOST, Boards, boards, limit
from promptbench.report.comparison import compare
from promptbench.report.grid import Grid, lay_out, primary_metric
from promptbench.report.number import Scale
from promptbench.report.summary import Summary, summarise_grid
from tests.report.records import cases, run, sample, samples
from tests.report.test_learning import made

# Differences worked by hand: a - b is 0.1 0.2 0.3 0.4, a - c is 0.2 four times.
TABLE = {
    "a": [0.5, 0.7, 0.8, 1.0],
    "b": [0.4, 0.5, 0.5, 0.6],
    "c": [0.3, 0.5, 0.6, 0.8],
}


def built(table: dict[str, list[float]] = TABLE, **more) -> tuple[Boards, Grid, Summary]:
    made_run = run(*table, **more)
    grid = lay_out(made_run, cases(len(next(iter(table.values())))), samples(table))
    summary = summarise_grid(made_run, grid)
    return boards(made_run, grid, summary), grid, summary


def test_a_row_says_what_a_candidate_is_ahead_of_the_baseline():
    found, *_ = built()
    against = {board.baseline: board for board in found.boards}
    assert against["a"].lines["b"].mean == pytest.approx(-0.25)
    assert against["b"].lines["a"].mean == pytest.approx(0.25)
    assert against["b"].lines["c"].mean == pytest.approx(0.05)
    assert against["c"].lines["b"].mean == pytest.approx(-0.05)
    # Student's t with 3 degrees: 0.25 -+ 3.1824 * 0.12910 / 2.
    line = against["b"].lines["a"]
    assert (line.low, line.high) == pytest.approx((0.0446, 0.4554), abs=1e-3)
    assert (line.comparison.difference.wins, line.comparison.difference.losses) == (0, 4)


@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_every_board_is_a_comparison_of_its_own_with_holm_within_it(direction):
    found, grid, _ = built(direction=direction)
    metric = primary_metric(run("a", direction=direction))
    assert len(found.boards) == 3
    for board in found.boards:
        others = [name for name in TABLE if name != board.baseline]
        expected = {each.other: each for each in compare(board.baseline, others, grid, metric)}
        assert set(board.lines) == set(others)
        for name, line in board.lines.items():
            assert line.comparison.p_holm == expected[name].p_holm
            assert line.mean == -expected[name].difference.mean
            assert (line.low, line.high) == (
                -expected[name].difference.high,
                -expected[name].difference.low,
            )


def test_the_best_is_the_baseline_at_first_and_its_board_is_the_verdicts():
    found, _, summary = built()
    assert found.default == summary.best == "a"
    assert found.first is not None
    assert [line.comparison for line in found.first.lines.values()] == list(summary.comparisons)
    assert "compares everyone with a, the best" in found.own


def test_of_a_curve_the_baseline_is_the_prompt_that_dev_chose():
    made_run, grid, _ = made([(8, 0.3), (32, 0.6)])
    found = boards(made_run, grid, summarise_grid(made_run, grid))
    assert found.default == "3-shot s0"
    assert "3-shot, the prompt chosen on dev" in found.own


def test_only_the_best_are_baselines_but_the_default_always_is():
    names = [f"tuned n{n}" for n in range(2, 16)]
    made_run, grid, _ = made([(int(name[7:]), 0.6 + int(name[7:]) / 100) for name in names])
    found = boards(made_run, grid, summarise_grid(made_run, grid))
    assert len(found.boards) == MOST
    assert found.boards[-1].baseline == found.default == "3-shot s0"
    assert found.left_out == len(made_run.candidates) - MOST


def test_who_shares_no_case_has_no_difference():
    rows = [sample("a", 0, 0.5), sample("b", 1, 0.4)]
    made_run = run("a", "b")
    grid = lay_out(made_run, cases(2), rows)
    found = boards(made_run, grid, summarise_grid(made_run, grid))
    line = found.boards[0].lines["b"]
    assert line.mean is None
    assert math.isnan(line.low)
    assert line.word == "no shared case"
    assert found.boards[0].mark("b") is None


@pytest.mark.parametrize("direction", ["none", "higher"])
def test_without_a_comparison_there_is_no_board(direction):
    found, *_ = built({"a": [0.5, 0.6]}, direction=direction)
    assert found.boards == ()
    assert found.first is None


def test_what_cannot_be_told_says_how_little_that_is():
    table = {"a": [0.5, 0.7, 0.3, 0.9], "b": [0.6, 0.5, 0.4, 0.8]}
    found, *_ = built(table)
    assert found.first is not None
    (name,) = found.first.lines
    assert found.first.unseen(name, Scale(2)).startswith(" under 0.")
    assert found.first.lines[name].word == "can't tell"
    assert found.boards[0].mark(found.boards[0].baseline) is None


def test_a_run_under_way_compares_with_the_best_so_far():
    made_run = replace(run(*TABLE), status="running")
    grid = lay_out(made_run, cases(4), samples(TABLE))
    assert "the best so far" in boards(made_run, grid, summarise_grid(made_run, grid)).own


def test_where_nothing_could_be_beyond_chance_it_is_said():
    assert limit(8, 15) == (
        " From 8 independent groups no p-value can come below 0.0078, which Holm makes 0.12 for 15"
        " comparisons: what may be chance here need not be."
    )
    assert limit(8, 6) == ""
    assert limit(43, 15) == ""

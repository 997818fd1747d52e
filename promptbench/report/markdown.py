"""The first screen as Markdown, for a pull request or a chat: a board in, a few lines out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptbench.record import Run
from promptbench.report.baseline import Board
from promptbench.report.number import Scale, probability
from promptbench.report.summary import Standing, Summary
from promptbench.report.tally import tally
from promptbench.report.verdict import cases_in_clusters
from promptbench.report.visible import visible

# What could end a cell, or be read as a mark, a link, a mention or an element.
SPECIAL = re.compile(r"([\\`*_\[\]<>|~#@!])")


def markdown(run: Run, summary: Summary, scale: Scale, board: Board | None) -> str:
    """Write verdict, ranking and the differences to the board's baseline."""
    data = cases_in_clusters(summary.cases, summary.clusters)
    split = f", {plain(run.split)} split" if run.split else ""
    lines = [
        f"**{plain(run.suite)}**: {plain(summary.verdict)}",
        "",
        f"{data}{split}; run `{run.id}`{_missing(summary)}",
        "",
        *_table(summary, scale, board),
    ]
    if board is not None:
        lines += [
            "",
            f"Differences to {plain(board.baseline)} case by case (above 0 is better than it), 95%"
            " intervals, p after Holm.",
        ]
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """A text on one line that no Markdown reader takes for markup."""
    return SPECIAL.sub(r"\\\1", " ".join(str(visible(text)).split()))


def _table(summary: Summary, scale: Scale, board: Board | None) -> Iterator[str]:
    head = ["Candidate", f"{plain(summary.primary.label)} (95% interval)"]
    head += [f"against {plain(board.baseline)}", "p", ""] if board else []
    yield _row(head)
    yield _row(["---", *["---:"] * (3 if board else 1), *(["---"] if board else [])])
    for each in summary.standings:
        yield _row([*_standing(each, summary, scale), *(_difference(each, board, scale))])


def _standing(each: Standing, summary: Summary, scale: Scale) -> list[str]:
    found = each.estimate(summary.primary)
    if found is None:
        return [plain(each.candidate.name), "unscored"]
    interval = scale.interval(found.low, found.high)
    return [plain(each.candidate.name), f"{scale.show(found.mean)} ({interval})"]


def _difference(each: Standing, board: Board | None, scale: Scale) -> list[str]:
    if board is None:
        return []
    line = board.lines.get(each.candidate.name)
    if line is None:
        return ["baseline", "", ""]
    if line.mean is None:
        return ["", "", line.word]
    interval = scale.interval(line.low, line.high)
    p_value = probability(line.comparison.p_holm).removeprefix("p ").removeprefix("= ")
    word = f"{line.word}{board.unseen(each.candidate.name, scale)}"
    return [f"{scale.signed(line.mean)} ({interval})", plain(p_value), word]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _missing(summary: Summary) -> str:
    """What is missing or cut off; a clean run says nothing."""
    found = tally(summary)
    counts = {
        "unscored": found.unscored,
        "failed": found.errors,
        "cut off": found.cut_off,
        "not there": found.missing,
    }
    told = [f"{number:,} {name}" for name, number in counts.items() if number]
    return f"; of {found.outputs:,} outputs {', '.join(told)}" if told else ""

"""Keep what train or dev gives away out of what is judged: a split in, its clean cases out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from promptbench.error import SuiteError
from promptbench.model.protocol import Notify
from promptbench.record import Case
from promptbench.run.option import Options
from promptbench.suite.leak import (
    AGAINST,
    THRESHOLD,
    Leak,
    Row,
    find_leaks,
    find_repeats,
    read_rows_of,
)
from promptbench.suite.stated import Suite

TOLD = 3
RECORDED = 20
# Beyond so many cases looking for leaks takes seconds, and a word about it is due.
MANY = 2000


@dataclass(frozen=True, slots=True)
class Judged:
    """The cases that a run judges, of `found` in its split.

    `leaks` are why the others are left out, `against` the splits that were compared. `repeats`
    counts the cases that equal or nearly equal an earlier one: of many that takes seconds, and a
    run that goes on has the number already.
    """

    cases: tuple[Case, ...]
    found: int
    leaks: tuple[Leak, ...] = ()
    against: tuple[str, ...] = ()
    repeats: Callable[[], int] = int

    def facts(self) -> dict[str, Any]:
        """What the manifest says of it."""
        leaking = {leak.case for leak in self.leaks}
        facts: dict[str, Any] = {
            "compared with": list(self.against),
            "nearly equal from": THRESHOLD,
            "cases": self.found,
            "left out": len(leaking),
            "repeated within the split": self.repeats(),
        }
        if leaking:
            facts["from"] = by_split(self.leaks)
            facts["pairs"] = [told(leak) for leak in self.leaks[:RECORDED]]
        return facts


def judged_cases(suite: Suite, options: Options, names: Collection[str], notify: Notify) -> Judged:
    """The cases of the split that is run, without those that leak if the options allow for it.

    `names` are the variables that the run's prompts show. Raises SuiteError if cases leak and
    `allow_leaks` is not set, or if none would be left.
    """
    rows = read_rows_of(suite.split(options.split), options.limit)
    against = tuple(name for name in AGAINST.get(options.split, ()) if name in suite.splits)
    others = {name: read_rows_of(suite.splits[name]) for name in against}
    if (total := len(rows) + sum(map(len, others.values()))) > MANY and against:
        notify(f"Looking for leaks among {total:,} cases ...")
    leaks = find_leaks(rows, others, names)
    leaking = {leak.case for leak in leaks}
    clean = [row for row in rows if row.case.id not in leaking]
    if leaks and not (options.allow_leaks and clean):
        raise refusal(options.split, rows, leaks, clean)
    repeats = partial(count_repeats, clean, names, notify)
    return Judged(tuple(row.case for row in clean), len(rows), leaks, against, repeats)


def count_repeats(rows: Sequence[Row], names: Collection[str], notify: Notify) -> int:
    """How many cases equal or nearly equal an earlier one of their split."""
    if len(rows) > MANY:
        notify(f"Looking for repeats among {len(rows):,} cases ...")
    return len(find_repeats(rows, names))


def every_case(suite: Suite, options: Options) -> Judged:
    """All cases of the split, unchecked: to look at them, not to judge."""
    rows = read_rows_of(suite.split(options.split), options.limit)
    return Judged(tuple(row.case for row in rows), len(rows))


def warnings(suite: Suite, names: Collection[str]) -> Iterator[str]:
    """A sentence for each split with cases that leak, or that repeat each other."""
    rows = {name: read_rows_of(source) for name, source in suite.splits.items()}
    for split, against in AGAINST.items():
        mine = rows.get(split, ())
        others = {name: rows[name] for name in against if name in rows}
        if leaks := find_leaks(mine, others, names):
            yield statement(split, mine, leaks) + "; a run refuses them without --allow-leaks"
        if repeats := find_repeats(mine, names):
            yield (
                f"{len(repeats)} of {len(mine)} {split} cases equal or nearly equal an earlier one"
                f" ({repeats[0].case} and {repeats[0].other}): intervals come out too narrow"
            )


def refusal(
    split: str, rows: Sequence[Row], leaks: Sequence[Leak], clean: Sequence[Row]
) -> SuiteError:
    """Say what leaks and what to do about it."""
    out = "Take them out of one side; `promptbench split --group` keeps rows of a group together"
    allowed = f"`--allow-leaks` leaves them out, evaluates the other {len(clean):,} and says so"
    hint = f"{out}. {allowed}." if clean else f"{out}. No clean case would be left."
    return SuiteError(statement(split, rows, leaks), where=leaks[0].where, hint=hint)


def statement(split: str, rows: Sequence[Row], leaks: Sequence[Leak]) -> str:
    """How many cases leak from where, and the first few of them."""
    leaking = len({leak.case for leak in leaks})
    more = f"; and {len(leaks) - TOLD:,} more" if len(leaks) > TOLD else ""
    pairs = "; ".join(f"{told(leak)} ({leak.other_where})" for leak in leaks[:TOLD])
    return (
        f"{leaking:,} of {len(rows):,} {split} cases leak from"
        f" {' and '.join(by_split(leaks))}: {pairs}{more}"
    )


def told(leak: Leak) -> str:
    """One leak in words, without places: those are of this machine."""
    shares = {
        "equal": "equals",
        "near": f"is {leak.similarity:.2f} similar to",
        "reference": "has a reference of",
    }[leak.kind]
    return f"{leak.case} {shares} {leak.split} case {leak.other}"


def by_split(leaks: Sequence[Leak]) -> Mapping[str, int]:
    """How many cases leak from each split."""
    return dict(Counter(leak.split for leak in leaks))

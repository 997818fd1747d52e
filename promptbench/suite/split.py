"""Split the rows of a data file into train, dev and test without parting a group."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from promptbench.disk import write_whole
from promptbench.error import DataError, StoreError, choices
from promptbench.suite.table import read_rows


def split_rows(
    rows: Sequence[Mapping[str, Any]], group: str, shares: Mapping[str, float], seed: int
) -> dict[str, list[Mapping[str, Any]]]:
    """Deal whole groups, in a seeded order, to each split until it has its share of the rows.

    `group` names the field that rows of a group share; without it ("", or null in a row) a row is
    a group of its own.
    `shares` are fractions of the rows by split, and the last split gets what is left.
    """
    groups: dict[object, list[Mapping[str, Any]]] = {}
    for number, row in enumerate(rows):
        name = row[group] if group else None
        groups.setdefault(number if name is None else str(name), []).append(row)
    names = list(groups)
    random.Random(seed).shuffle(names)
    splits = list(shares)
    dealt: dict[str, list[Mapping[str, Any]]] = {name: [] for name in splits}
    for name in names:
        open_ones = [s for s in splits[:-1] if len(dealt[s]) < shares[s] * len(rows) - 0.5]
        dealt[open_ones[0] if open_ones else splits[-1]] += groups[name]
    order = {id(row): number for number, row in enumerate(rows)}
    return {s: sorted(chosen, key=lambda row: order[id(row)]) for s, chosen in dealt.items()}


def split_file(
    path: Path, folder: Path, group: str, shares: Mapping[str, float], seed: int
) -> dict[str, int]:
    """Write `<split>.jsonl` files into `folder`; return their numbers of rows.

    Raises DataError for a row without the group's field, or a split that would be empty.
    """
    rows = []
    for line, row in read_rows(path, str(path)):
        if group and group not in row:
            what = f"the row has no field '{group}'"
            raise DataError(what, where=f"{path}:{line}", hint=choices(group, row, "It has"))
        rows.append(row)
    dealt = split_rows(rows, group, shares, seed)
    for name, chosen in dealt.items():
        if not chosen:
            raise DataError(
                f"no rows are left for {name}",
                where=str(path),
                hint=f"{len(rows)} rows are too few, or one group holds too many of them.",
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, chosen in dealt.items():
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in chosen)
            write_whole(folder / f"{name}.jsonl", text)
    except OSError as error:
        raise StoreError(f"cannot be written: {error.strerror}", where=str(folder)) from error
    return {name: len(chosen) for name, chosen in dealt.items()}

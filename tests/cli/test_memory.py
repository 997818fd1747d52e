"""Amounts of memory on the command line."""

from __future__ import annotations

import click
import pytest

from promptbench.cli.memory import Memory


@pytest.mark.parametrize(
    ("written", "size"),
    [("800M", 800 * 2**20), ("1.5G", 3 * 2**29), ("2 gb", 2**31), ("2GiB", 2**31), ("1T", 2**40)],
)
def test_an_amount_has_a_unit_of_1024s(written: str, size: int):
    assert Memory().convert(written, None, None) == size


@pytest.mark.parametrize("written", ["", "much", "-1G", "1X", "500", "1k", "0G", "nan"])
def test_what_is_no_amount_is_told_with_what_is(written: str):
    with pytest.raises(click.BadParameter, match=r"write 800M or 1.5G"):
        Memory().convert(written, None, None)

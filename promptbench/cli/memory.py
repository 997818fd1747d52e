"""An amount of memory on the command line: `800M` or `1.5G` in, bytes out."""

from __future__ import annotations

import re

import click

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?)i?B?", re.IGNORECASE)
LEAST = 2**20


class Memory(click.ParamType):  # type: ignore[type-arg]
    """A number with K, M, G or T (powers of 1,024); at least 1M."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Give the bytes, or fail with what is allowed."""
        if isinstance(value, int):
            return value
        found = AMOUNT.fullmatch(str(value).strip())
        size = int(float(found[1]) * UNITS[found[2].upper()]) if found else 0
        if size < LEAST:
            self.fail(f"'{value}' is no amount of memory: write 800M or 1.5G, 1M at least")
        return size

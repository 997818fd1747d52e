"""The load test in small: memory that does not grow with the run, and a run that goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.load.measure import CANDIDATES, KINDS, Took, everything, write_workspace

# What the program takes by itself, the widest margin that a machine has been seen to need.
ROOM = 600


@pytest.fixture(
    scope="module",
    params=[
        1_000,
        pytest.param(100_000, marks=[pytest.mark.long, pytest.mark.timeout(3000)]),
    ],
)
def took(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Took]:
    """Every command over a number of cases."""
    folder: Path = tmp_path_factory.mktemp("load")
    write_workspace(folder, request.param)
    kinds = KINDS if request.param > 1_000 else KINDS[:1]
    found = dict(everything(folder, request.param, kinds))
    with closing(sqlite3.connect(folder / ".promptbench" / "store.sqlite")) as store:
        assert store.execute("SELECT count(*) FROM sample").fetchone() == (
            CANDIDATES * request.param,
        )
        assert store.execute("SELECT count(*) FROM completion").fetchone() == (
            CANDIDATES * request.param,
        )
    for kind in kinds:
        assert (folder / f"rows.{kind}").stat().st_size > 20 * CANDIDATES * request.param
    return found


def test_every_command_ends_well(took: dict[str, Took]):
    codes = {name: each.code for name, each in took.items()}
    assert codes.pop("run, interrupted halfway") == 130
    assert set(codes.values()) == {0}


def test_memory_stays_in_bounds(took: dict[str, Took]):
    assert {name: each.megabytes for name, each in took.items() if each.megabytes > ROOM} == {}


def test_a_run_goes_on_where_it_ended(took: dict[str, Took]):
    again = took["run, gone on with"]
    assert again.when("to generate").line.split()[3] != "0"

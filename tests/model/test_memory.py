"""Memory is taken when it is used, and not before."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest
import torch

from promptbench.model.local.memory import blank, free_memory, keep_freed_memory

CPU = torch.device("cpu")


def resident() -> int:
    """This process's memory in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_room_that_nothing_is_written_to_takes_no_memory():
    before = resident()
    room = blank((64, 2**20), torch.float32, CPU)
    assert resident() - before < 2**24
    room[:16] = 1
    assert resident() - before > 2**25
    assert float(room.sum()) == 16 * 2**20


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_room_is_zeros_of_the_type_asked_for(dtype: torch.dtype):
    room = blank((2, 3, 5), dtype, CPU)
    assert (room.dtype, tuple(room.shape)) == (dtype, (2, 3, 5))
    assert not bool(room.any())
    assert blank((0, 3), dtype, CPU).numel() == 0


def test_something_is_free():
    assert free_memory() > 2**20


def test_keeping_what_is_freed_is_safe_to_ask_for_anywhere():
    keep_freed_memory()
    assert torch.ones(1000, 1000).sum() == 1_000_000

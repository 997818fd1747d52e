"""Ask the system for memory: how much there is, room that costs nothing until it is used."""

from __future__ import annotations

import ctypes
import math
import mmap
import os

import torch
from torch import Tensor

# Of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT = 2**30
KERNELS = 48


def free_memory() -> int:
    """Bytes that a new process could take without swapping; 4 GB where the system does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123
            for line in file:
                if line.startswith("MemAvailable"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 4 * 2**30


def blank(sizes: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """A tensor of zeros. On a CPU, room that nothing is written to takes no memory."""
    size = math.prod(sizes) * dtype.itemsize
    if device.type != "cpu" or size == 0:
        return torch.zeros(sizes, dtype=dtype, device=device)
    return torch.frombuffer(mmap.mmap(-1, size), dtype=dtype).view(sizes)


def keep_freed_memory() -> None:
    """Let this process keep up to 1 GB that it frees: a step needs the same tensors as the last.

    glibc would give them back to the system and clear them anew in every layer, which takes 5% of
    the time. Elsewhere nothing is changed.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_TRIM_THRESHOLD, KEPT)
        library.mallopt(M_MMAP_THRESHOLD, KEPT)


def bound_kernels() -> None:
    """Let oneDNN keep few of the kernels that it makes, one for each number of tokens in a step.

    It would keep 1,024 of them, which grow to 400 MB over a run. It looks when it makes its first.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KERNELS))

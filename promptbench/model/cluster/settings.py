"""Where work is done that is spread over several processes, and by how many."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cluster:
    """`workers` None is one for each GPU of the cluster, or for each machine if it has none.

    `address` is that of a Ray cluster ("auto", HOST:PORT); "" starts one on this machine, which
    ends with the command.
    """

    workers: int | None = None
    address: str = ""

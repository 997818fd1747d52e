"""Start a Ray cluster or join one, and see how many workers it has room for."""

from __future__ import annotations

import importlib
import logging
import os
import secrets
import sys
from types import ModuleType
from typing import Any

from promptbench.error import InputError
from promptbench.model.cluster.settings import Cluster

STORE_BYTES = 256 * 1024 * 1024


def imported(cluster: Cluster) -> ModuleType:
    """The package. Raises InputError where it is not installed.

    A cluster of our own gets a token, which Ray reads when it is loaded: it listens on every
    network of this machine, and who reaches it can run code.
    """
    if not cluster.address and "ray" not in sys.modules:
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise InputError(
            "the executor ray needs the package ray",
            hint="Get it with `pip install ray`, or run without --executor.",
        ) from error


def start(ray: ModuleType, cluster: Cluster) -> None:
    """Join a cluster, or start one on this machine that nobody else can use."""
    keep_quiet()
    quiet: dict[str, Any] = {
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "ignore_reinit_error": True,
    }
    if cluster.address:
        try:
            ray.init(address=cluster.address, **quiet)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(
                f"there is no Ray cluster at '{cluster.address}': {first_line(error)}",
                hint="Start one with `ray start --head`, or leave --address out.",
            ) from error
        return
    ray.init(
        address="local",
        num_cpus=max(os.cpu_count() or 1, cluster.workers or 1),
        include_dashboard=False,
        object_store_memory=STORE_BYTES,
        **quiet,
    )


def keep_quiet() -> None:
    """Stop Ray from writing to stdout, which is ours: of lost workers the crew tells itself."""
    inside: Any = importlib.import_module("ray._private.worker")
    if hasattr(inside, "print_to_stdstream"):
        inside.print_to_stdstream = lambda *_, **__: None


def shape(ray: ModuleType, cluster: Cluster) -> tuple[int, dict[str, float]]:
    """How many workers there are to be, and what share of the cluster each one takes."""
    held = ray.cluster_resources()
    cores, cards = int(held.get("CPU", 1)), int(held.get("GPU", 0))
    machines = sum(bool(node["Alive"]) for node in ray.nodes())
    workers = cluster.workers or cards or machines
    if workers > max(cores, cards):
        raise InputError(
            f"{workers} workers are more than the cluster has room for: it has {cores} cores"
            + (f" and {cards} GPUs" if cards else ""),
            hint="Take fewer --workers.",
        )
    needs: dict[str, float] = {"num_cpus": max(1, cores // workers)}
    if cards:
        needs["num_gpus"] = min(1.0, cards / workers)
    return workers, needs


def first_line(error: BaseException) -> str:
    """An error's first line."""
    return str(error).strip().split("\n", 1)[0]

"""`--executor`, `--workers` and `--address`: where a run's models are to work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from promptbench.error import InputError
from promptbench.model.cluster.settings import Cluster

Command = TypeVar("Command", bound=Callable[..., Any])


def cluster_options(command: Command) -> Command:
    """The three options; see `cluster_of`."""
    for option in (
        click.option("--address", default="", help="Of a Ray cluster to join: auto, HOST:PORT."),
        click.option("--workers", type=click.IntRange(1), help="With ray: so many processes."),
        click.option(
            "--executor",
            type=click.Choice(["local", "ray"]),
            default="local",
            show_default=True,
            help="Run local models in this process, or in workers of a Ray cluster.",
        ),
    ):
        command = option(command)
    return command


def cluster_of(executor: str, workers: int | None, address: str) -> Cluster | None:
    """What the options ask for; None is this process. Raises InputError."""
    if executor == "ray":
        from promptbench.model.cluster.start import imported

        if address.startswith("ray://"):
            raise InputError(
                f"'{address}' is the address of a Ray client, over which nothing streams",
                hint="Run the command on a machine of the cluster, with --address auto.",
            )
        cluster = Cluster(workers, address)
        imported(cluster)
        return cluster
    if workers or address:
        option = "--workers" if workers else "--address"
        raise InputError(f"{option} is for --executor ray", hint="Add that, or leave it out.")
    return None

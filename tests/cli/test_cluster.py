"""Options that say where a run works, and those that do not go together."""

from __future__ import annotations

import sys

import pytest

from promptbench.cli.cluster import cluster_of
from promptbench.error import InputError
from promptbench.model.cluster.settings import Cluster


def test_options_become_a_cluster():
    assert cluster_of("local", None, "") is None
    assert cluster_of("ray", 3, "auto") == Cluster(3, "auto")


@pytest.mark.parametrize(
    ("workers", "address", "says"),
    [(2, "", "--workers is for --executor ray"), (None, "auto", "--address is for --executor ray")],
)
def test_options_that_do_not_go_together_are_refused(workers: int | None, address: str, says: str):
    with pytest.raises(InputError, match=says):
        cluster_of("local", workers, address)


def test_a_ray_client_streams_nothing():
    with pytest.raises(InputError, match="is the address of a Ray client"):
        cluster_of("ray", None, "ray://10.0.0.1:10001")


def test_without_the_package_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match="needs the package ray") as raised:
        cluster_of("ray", None, "")
    assert "pip install ray" in raised.value.hint

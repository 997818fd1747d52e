from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.version import Version

from tests.supply.lock import ALL, LOCKS, declared, installed, locked, read_lock

LISTED = tomllib.loads(Path(__file__).with_name("floors.toml").read_text(encoding="utf-8"))
FLOORS = [pytest.param(floor, id=floor["package"]) for floor in LISTED["floor"]]


@pytest.mark.parametrize("floor", FLOORS)
def test_no_lock_has_a_version_with_a_hole_that_we_know_of(floor: dict[str, str]):
    pins = [pin for name in ALL for pin in read_lock(LOCKS / f"{name}.lock")]
    versions = {Version(pin.version) for pin in pins if pin.name == floor["package"]}
    assert versions
    assert all(version >= Version(floor["version"]) for version in versions), floor["advisory"]


@pytest.mark.parametrize("floor", FLOORS)
def test_no_range_of_pyproject_admits_a_version_below_a_floor(floor: dict[str, str]):
    asked = [r for r in declared("dev", "gguf", "ray") if r.name.lower() == floor["package"]]
    lowest = [Version(s.version) for r in asked for s in r.specifier if s.operator == ">="]
    assert len(lowest) == len(asked)
    assert all(version >= Version(floor["version"]) for version in lowest), floor["advisory"]


def test_every_floor_names_an_advisory():
    assert [
        f["package"] for f in LISTED["floor"] + LISTED["known"] if "-20" not in f["advisory"]
    ] == []


@pytest.mark.parametrize("known", LISTED["known"], ids=lambda known: known["package"])
def test_a_hole_without_a_fix_is_looked_at_anew_when_another_version_is_locked(
    known: dict[str, str],
):
    assert locked()[known["package"]].version == known["version"]
    assert known["package"] not in locked(("run", "dev"))


def test_certificates_whose_keys_leaked_are_not_trusted():
    # CVE-2026-111943. What counts is the bundle: its version alone does not tell.
    package = installed("certifi")
    assert package is not None
    bundle = Path(str(package.locate_file("certifi/cacert.pem"))).read_text(encoding="utf-8")
    assert "ISRG Root X1" in bundle
    assert "emSign ECC Root CA - G3" not in bundle

from __future__ import annotations

from importlib.metadata import Distribution
from pathlib import Path

import pytest

from tests.supply.lock import RUN, installed, locked
from tests.supply.record import changed, digest

SMALL = 200_000  # bytes: nearly all code in Python is below


def packages(names: tuple[str, ...]) -> list[Distribution]:
    found = [installed(name) for name in locked(names)]
    return [package for package in found if package is not None]


def damage(largest: float = float("inf"), names: tuple[str, ...] = RUN) -> list[str]:
    several = packages(names)
    assert len(several) > 40
    return [f"{p.name}: {file}" for p in several for file in changed(p, largest)]


def test_no_small_file_of_an_installed_package_was_changed():
    assert damage(SMALL) == []


@pytest.mark.long
def test_no_file_of_an_installed_package_was_changed():
    assert damage(names=("build", *RUN, "dev", "gguf")) == []


@pytest.fixture
def package(tmp_path: Path) -> Distribution:
    """A package of one file, as pip installs it."""
    code = tmp_path / "toy.py"
    code.write_text("answer = 42\n")
    folder = tmp_path / "toy-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: toy\nVersion: 1.0\n")
    (folder / "RECORD").write_text(f"toy.py,sha256={digest(code, 'sha256')},12\n")
    return Distribution.at(folder)


def test_an_installed_file_is_known_by_its_digest(package: Distribution):
    assert list(changed(package)) == []


def test_a_flipped_byte_of_an_installed_file_is_found(package: Distribution):
    Path(str(package.locate_file("toy.py"))).write_text("answer = 43\n")
    assert list(changed(package)) == ["toy.py"]


def test_a_missing_file_of_a_package_is_found(package: Distribution):
    Path(str(package.locate_file("toy.py"))).unlink()
    assert list(changed(package)) == ["toy.py"]

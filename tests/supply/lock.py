"""Read the locks and the pins, which pip reads as well."""

from __future__ import annotations

import re
import sysconfig
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
RUN = ("run", "torch")
ALL = ("build", *RUN, "dev", "gguf")


@dataclass(frozen=True, slots=True)
class Pin:
    """A package of a lock. `hashes` are all that may be installed as it."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        ((_, version),) = ((s.operator, s.version) for s in self.requirement.specifier)
        return version

    @property
    def applies(self) -> bool:
        return self.requirement.marker is None or self.requirement.marker.evaluate()


def read_lock(path: Path) -> list[Pin]:
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [read_pin(line) for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def read_pin(line: str) -> Pin:
    requirement, *hashes = re.split(r"\s+--hash=", line)
    return Pin(Requirement(requirement.strip()), tuple(text.strip() for text in hashes))


def locked(names: tuple[str, ...] = ALL) -> dict[str, Pin]:
    return {pin.name: pin for name in names for pin in read_lock(LOCKS / f"{name}.lock")}


def constraints() -> dict[str, str]:
    return {pin.name: pin.version for pin in read_lock(ROOT / "constraints.txt")}


def declared(*extras: str) -> Iterator[Requirement]:
    """What pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    yield from map(Requirement, lines)


def installed(name: str) -> Distribution | None:
    """What pip installed under a name: Ray, once imported, has packages of its own in front."""
    places = list({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    return next(iter(Distribution.discover(name=name, path=places)), None)


def closure(wanted: Iterator[Requirement]) -> dict[str, str]:
    """Versions of what is installed and asked for, directly or not."""
    waiting, seen, found = list(wanted), set[str](), dict[str, str]()
    while waiting:
        requirement = waiting.pop()
        package = installed(requirement.name)
        if package is None or str(requirement) in seen:
            continue
        seen.add(str(requirement))
        found[canonicalize_name(requirement.name)] = package.version
        for line in package.requires or ():
            further = Requirement(line)
            if further.marker is None or any(
                further.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
            ):
                waiting.append(further)
    return found
